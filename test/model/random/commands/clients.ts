// The commands of a random history for clients. No request is awaited. Base clients also send the fields of
// turnwire.v1, which must have no effect there.
import fc from "fast-check";
import { malformedRequests } from "../../oracle/refusals.ts";
import type { Story } from "../story.ts";
import { at, c, command, isOpen, name, paired, pairing, place } from "./command.ts";

export const watching = fc
  .tuple(
    name,
    place,
    fc.constantFrom("chat.subscribe" as const, "chat.subscribe" as const, "chat.unsubscribe" as const),
    pairing,
  )
  .map(([who, where, type, how]) =>
    command(`${who}: ${type} ${c(where)}${paired(how)}`, isOpen(who), (story) =>
      story.cast.post(who, { type, conversationId: at(story, where) }, how),
    ),
  );

export const sending = fc
  .tuple(name, place, fc.boolean(), fc.constantFrom(undefined, "k1", "k2"), pairing)
  .map(([who, where, waits, idempotencyKey, how]) => {
    const under = idempotencyKey === undefined ? "" : ` under ${idempotencyKey}`;
    const words = `${who}: ${waits ? "chat.queue" : "chat.send"} ${c(where)}${under}${paired(how)}`;
    return command(words, isOpen(who), (story) => {
      const conversationId = at(story, where);
      const key = idempotencyKey === undefined ? {} : { idempotencyKey };
      if (waits) story.ask(who, { type: "chat.queue", conversationId, text: story.text("text-"), ...key }, how);
      else story.ask(who, { type: "chat.send", conversationId, message: story.text("message-"), ...key }, how);
    });
  });

/** Withdraws a queued text or, now and then, a text that is not queued. */
export const withdrawing = fc
  .tuple(name, place, fc.constantFrom(0, 0, 0, 1, 2), pairing)
  .map(([who, where, index, how]) =>
    command(
      `${who}: withdraws text ${index + 1} of ${c(where)}${paired(how)}`,
      (story) => isOpen(who)(story) && (index === 2 || story.host.waiting(at(story, where)).length > index),
      (story) => {
        const conversationId = at(story, where);
        const messageId = story.host.waiting(conversationId)[index]?.id ?? "gone";
        story.cast.post(who, { type: "chat.queue.cancel", conversationId, messageId }, how);
      },
    ),
  );

export const cancelling = fc
  .tuple(name, place, fc.constantFrom("any", "its", "another's"), pairing)
  .map(([who, where, which, how]) =>
    command(`${who}: chat.cancel ${which} turn of ${c(where)}${paired(how)}`, isOpen(who), (story) => {
      const conversationId = at(story, where);
      const turnId = which === "its" ? story.host.turnId(conversationId) : "turn-0";
      const named = which !== "any" && turnId !== undefined && { turnId };
      story.cast.post(who, { type: "chat.cancel", conversationId, ...named }, how);
    }),
  );

export const looking = fc
  .tuple(name, fc.constantFrom(undefined, 0, 1), fc.constantFrom("subscribe" as const, "unsubscribe" as const), pairing)
  .map(([who, where, type, how]) => {
    const of = where === undefined ? "" : ` of ${c(where)}`;
    return command(`${who}: ${type} panel${of}${paired(how)}`, isOpen(who), (story) => {
      const conversationId = where === undefined ? {} : { conversationId: at(story, where) };
      story.cast.post(who, { type, surfaceId: "panel", ...conversationId }, how);
    });
  });

export const refusedLook = fc
  .tuple(name, pairing)
  .map(([who, how]) =>
    command(`${who}: subscribe nothing${paired(how)}`, isOpen(who), (story) =>
      story.cast.post(who, { type: "subscribe", surfaceId: "nothing" }, how),
    ),
  );

export const pinging = name.map((who) =>
  command(`${who}: ping with an id`, isOpen(who), (story) => story.cast.post(who, { type: "ping" }, "with an id")),
);

export const malformed = fc.tuple(name, fc.nat(8), pairing).map(([who, index, how]) =>
  command(`${who}: malformed request ${index}${paired(how)}`, isOpen(who), (story) => {
    const request = malformedRequests(at(story, 0))[index];
    if (request) story.cast.postMalformed(who, request, how);
  }),
);

export const stalling = name.chain((who) =>
  fc.constantFrom(
    command(
      `${who}: stalls`,
      (story) => story.cast.watchesAnything(who) && !story.cast.isStalled(who),
      (story) => story.cast.stall(who),
    ),
    command(
      `${who}: reads on`,
      (story) => story.cast.isStalled(who),
      (story) => story.cast.resume(who),
    ),
  ),
);

export const coming = fc.tuple(name, fc.constantFrom("connects", "closes" as const, "vanishes")).map(([who, what]) =>
  what === "connects"
    ? command(
        `${who}: connects`,
        (story: Story) => !story.cast.isOpen(who),
        (story) => story.cast.connect(who),
      )
    : command(`${who}: ${what}`, isOpen(who), (story) =>
        story.cast.disconnect(who, what === "closes" ? "close" : "kill"),
      ),
);
