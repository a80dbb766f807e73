// Every mutant of every chart: those that are generated, and those that no rule makes.
import { turnMachine } from "../../machines/turn.ts";
import { charts } from "./charts.ts";
import { type Mutant, mutantOf, mutantsOf } from "./mutants/generate.ts";

const handPicked: readonly Mutant[] = [
  mutantOf(turnMachine, {
    ...{ kind: "hand-picked", place: "turn.running agent.failed 0", words: "reads a crash of the agent as its end" },
    change: ({ choices }) => {
      const failed = choices.find(({ key }) => key === "turn.running agent.failed");
      for (const branch of failed?.branches ?? []) branch.actions = [{ type: "conclude", params: { end: "done" } }];
    },
  }),
];

export const allMutants = (): Mutant[] => [...charts.flatMap(mutantsOf), ...handPicked];
