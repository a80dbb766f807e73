// The commands of a random history that resume a conversation with a cursor or repeat a keyed request (protocol 2).
// Base clients send cursors as well, which must have no effect there.
import fc from "fast-check";
import { type CursorKind, cursorKinds } from "../memory.ts";
import type { Story } from "../story.ts";
import { at, c, command, isOpen, name, paired, pairing, place } from "./command.ts";

const cursor = fc.constantFrom<CursorKind>(...cursorKinds);

export const resuming = fc
  .tuple(name, place, cursor, pairing)
  .map(([who, where, kind, how]) =>
    command(`${who}: resumes ${c(where)} after a cursor ${kind}${paired(how)}`, isOpen(who), (story) =>
      story.resume(who, at(story, where), kind, how),
    ),
  );

export const cutting = fc.tuple(name, place, cursor, pairing).map(([who, where, kind, how]) =>
  command(
    `${who}: is cut off and resumes ${c(where)} after a cursor ${kind}${paired(how)}`,
    isOpen(who),
    async (story) => {
      story.cast.disconnect(who, "kill");
      await story.cast.connect(who);
      story.resume(who, at(story, where), kind, how);
    },
  ),
);

export const repeating = fc.tuple(name, fc.nat(2)).map(([who, index]) =>
  command(
    `${who}: repeats request ${index + 1} of those with a key`,
    (story) => isOpen(who)(story) && story.cast.isV1(who) && story.keyed.length > 0,
    (story) => {
      const request = story.keyed.at(-1 - (index % story.keyed.length));
      return request && story.repeat(who, request);
    },
  ),
);

const everybodyReads = ({ cast }: Story): boolean => cast.openNames.every((who) => !cast.isStalled(who));

export const forgetting = fc.constant(
  command("the logs of sealed turns are forgotten", everybodyReads, (story) => story.forgetSealedTurns()),
);
