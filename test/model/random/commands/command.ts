// The parts that all commands of a random history share.
import fc from "fast-check";
import { type Name, names, type Pairing } from "../cast.ts";
import type { Story } from "../story.ts";

export type Command = fc.AsyncCommand<Story, Story>;

/** One command. `words` describes it to the reader of a counterexample, without commas. */
export function command(
  words: string,
  can: (story: Story) => boolean,
  act: (story: Story) => void | undefined | Promise<void>,
): Command {
  return {
    check: can,
    async run(_, story) {
      story.steps++;
      await act(story);
      story.verify();
    },
    toString: () => words,
  };
}

export const name = fc.constantFrom(...names);
export const pairing = fc.constantFrom<Pairing>("without an id", "with an id");
/** The pairing in the words of a command. */
export const paired = (how: Pairing): string => (how === "with an id" ? " with an id" : "");
/** The first or the second conversation. In a history with only one, both mean that one. */
export const place = fc.constantFrom(0, 0, 1);

export const at = (story: Story, index: number): string =>
  story.conversationIds[index % story.conversationIds.length] ?? "";
export const c = (index: number): string => `c${index + 1}`;
export const isOpen =
  (who: Name) =>
  (story: Story): boolean =>
    story.cast.isOpen(who);
export const always = (): boolean => true;
