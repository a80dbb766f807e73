// The commands of a random history for agents, hosts and surfaces, and those that let time pass.
import fc from "fast-check";
import type { DoneReason, TurnEventBody } from "../../../../src/protocol/turn-event.ts";
import { turnsOfTheLoop } from "../stage.ts";
import type { Story } from "../story.ts";
import { always, at, c, command, name, place } from "./command.ts";

const isTalking =
  (where: number) =>
  (story: Story): boolean =>
    story.host.isTalking(at(story, where));

export const saying = fc
  .tuple(
    place,
    fc.constantFrom("text-delta" as const, "text-delta" as const, "reasoning-delta" as const),
    fc.constantFrom(1, 2, 5, 12),
    fc.constantFrom(0, 0, 40, 900, 900),
  )
  .map(([where, type, count, length]) =>
    command(
      `${c(where)} says ${count} ${type}${length > 0 ? ` of ${length} bytes` : ""}`,
      isTalking(where),
      (story) => {
        const bodies = Array.from({ length: count }, (): TurnEventBody => ({ type, delta: story.text("w", length) }));
        story.host.say(at(story, where), ...bodies);
      },
    ),
  );

export const tools = place.map((where) =>
  command(`${c(where)} calls a tool`, isTalking(where), (story) => {
    const toolCallId = story.text("call-");
    story.host.say(
      at(story, where),
      { type: "tool-call", stepId: "s", toolCallId, toolName: "t", input: { a: [1] } },
      { type: "tool-output", toolCallId, data: "out", stream: "stdout" },
      { type: "tool-result", stepId: "s", toolCallId, toolName: "t", content: "ok", isError: false },
    );
  }),
);

export const steering = place.map((where) =>
  command(`${c(where)} takes what waits`, isTalking(where), (story) => story.steer(at(story, where))),
);

export const ending = fc
  .tuple(place, fc.constantFrom<DoneReason>("stop", "stop", "length", "error", "interrupted"), fc.boolean())
  .map(([where, reason, seals]) =>
    command(`${c(where)} is done: ${reason}${seals ? " and sealed" : ""}`, isTalking(where), (story) => {
      const conversationId = at(story, where);
      story.host.finish(conversationId, reason, story.text("crash-"));
      if (seals) story.host.seal(conversationId);
    }),
  );

export const sealing = place.map((where) =>
  command(
    `${c(where)} is sealed`,
    (story) => story.host.turnId(at(story, where)) !== undefined && !isTalking(where)(story),
    (story) => story.host.seal(at(story, where)),
  ),
);

export const closing = place.map((where) =>
  command(`the host closes ${c(where)}`, always, (story) => story.closeConversation(at(story, where))),
);

export const hesitating = fc.constantFrom(
  command("turns begin in silence", always, (story) => {
    story.host.opensLater = true;
  }),
  command("turns begin with words", always, (story) => {
    story.host.opensLater = false;
  }),
  command("the host refuses turns", always, (story) => {
    story.host.refuses = "no new turns now";
  }),
  command("the host takes turns", always, (story) => {
    story.host.refuses = undefined;
  }),
);

export const opening = place.map((where) =>
  command(`${c(where)} opens its turn`, isTalking(where), (story) => story.host.open(at(story, where))),
);

export const broadcast = fc.constant(
  command("broadcast", always, (story) =>
    story.host.announce({ type: "conversation.open", conversationId: "c", workspaceId: story.text("broadcast-of-") }),
  ),
);

export const changing = fc
  .constantFrom(undefined, undefined, 0, 1)
  .map((where) =>
    command(`the panel${where === undefined ? "" : ` of ${c(where)}`} changes`, always, (story) =>
      story.surface.change(story.conversationIds, where === undefined ? undefined : at(story, where)),
    ),
  );

export const providing = fc.oneof(
  fc.constantFrom(true, false).map((later) =>
    command(`the panel answers ${later ? "later" : "at once"}`, always, (story) => {
      story.surface.answersLater = later;
    }),
  ),
  fc.constant(
    command("the panel fails next", always, (story) => {
      story.surface.failsNext = true;
    }),
  ),
);

export const answering = fc.nat(2).map((index) =>
  command(
    `the panel answers question ${index + 1}`,
    (story) => story.surface.questions > 0,
    (story) => story.surface.answer(index),
  ),
);

export const loop = fc
  .constantFrom(1, 1, 2, 5)
  .map((turns) => command(`${turns} turns of the loop`, always, () => turnsOfTheLoop(turns)));

export const pause = fc.constant(command("a provider's time passes", always, (story) => story.providersTimePasses()));

export const barrier = name.map((who) =>
  command(
    `${who}: barrier`,
    (story) => story.cast.isOpen(who) && !story.cast.isStalled(who),
    (story) => story.cast.barrier(who),
  ),
);

export const rest = fc.constant(command("rest", always, (story) => story.rest()));
