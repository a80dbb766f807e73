// What clients do in a random history. None of it is awaited.
import fc from "fast-check";
import { malformedRequests } from "../../oracle/refusals.ts";
import { at, c, command, isOpen, name, place } from "./command.ts";

export const watching = fc
  .tuple(
    name,
    place,
    fc.constantFrom("chat.subscribe" as const, "chat.subscribe" as const, "chat.unsubscribe" as const),
  )
  .map(([who, where, type]) =>
    command(`${who}: ${type} ${c(where)}`, isOpen(who), (story) =>
      story.cast.post(who, { type, conversationId: at(story, where) }),
    ),
  );

export const sending = fc.tuple(name, place, fc.boolean()).map(([who, where, waits]) =>
  command(`${who}: ${waits ? "chat.queue" : "chat.send"} ${c(where)}`, isOpen(who), (story) => {
    const conversationId = at(story, where);
    if (waits) story.cast.post(who, { type: "chat.queue", conversationId, text: story.text("text-") });
    else story.cast.post(who, { type: "chat.send", conversationId, message: story.text("message-") });
  }),
);

export const withdrawing = fc.tuple(name, place, fc.nat(2)).map(([who, where, index]) =>
  command(`${who}: withdraws text ${index + 1} of ${c(where)}`, isOpen(who), (story) => {
    const conversationId = at(story, where);
    const messageId = story.host.waiting(conversationId)[index]?.id ?? "gone";
    story.cast.post(who, { type: "chat.queue.cancel", conversationId, messageId });
  }),
);

export const cancelling = fc.tuple(name, place, fc.constantFrom("any", "its", "another's")).map(([who, where, which]) =>
  command(`${who}: chat.cancel ${which} turn of ${c(where)}`, isOpen(who), (story) => {
    const conversationId = at(story, where);
    const turnId = which === "its" ? story.host.turnId(conversationId) : "turn-0";
    story.cast.post(who, {
      type: "chat.cancel",
      conversationId,
      ...(which !== "any" && turnId !== undefined && { turnId }),
    });
  }),
);

export const looking = fc
  .tuple(name, fc.constantFrom(undefined, 0, 1), fc.constantFrom("subscribe" as const, "unsubscribe" as const))
  .map(([who, where, type]) =>
    command(`${who}: ${type} panel${where === undefined ? "" : ` of ${c(where)}`}`, isOpen(who), (story) => {
      const conversationId = where === undefined ? undefined : at(story, where);
      story.cast.post(who, { type, surfaceId: "panel", ...(conversationId !== undefined && { conversationId }) });
    }),
  );

export const refusedLook = name.map((who) =>
  command(`${who}: subscribe nothing`, isOpen(who), (story) =>
    story.cast.post(who, { type: "subscribe", surfaceId: "nothing" }),
  ),
);

export const malformed = fc.tuple(name, fc.nat(8)).map(([who, index]) =>
  command(`${who}: malformed request ${index}`, isOpen(who), (story) => {
    const request = malformedRequests(at(story, 0))[index];
    if (request) story.cast.postMalformed(who, request);
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
        (story) => !story.cast.isOpen(who),
        (story) => story.cast.connect(who),
      )
    : command(`${who}: ${what}`, isOpen(who), (story) =>
        story.cast.disconnect(who, what === "closes" ? "close" : "kill"),
      ),
);
