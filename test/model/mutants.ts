// Faults to seed into the charts, one at a time. Each is a change that a developer might make by mistake. The checker,
// the paths, the exploration or the random histories must find each one.

export interface Mutant {
  name: string;
  chart: string;
  /** The suite that is likely to find the fault first. The others run after it. */
  suite: string;
  /** The chart's source with the fault in it. @throws Error when a text that it changes does not occur exactly once. */
  seed(source: string): string;
}

type Edit = [from: string, to: string];

/** By chart: the suite that is likely to find its faults first. */
const likely: Readonly<Record<string, string>> = {
  surface: "paths of a surface",
  conversation: "conversation paths",
  turn: "paths of a turn",
};

export const mutants: Mutant[] = [
  mutant("a stuck socket is not closed", "connection", [`        "socket.stuck": "closing.slow",\n`, ""]),
  mutant("a congested socket is not held back", "connection", [`entry: "holdWatches"`, "entry: []"]),
  mutant(
    "slow and silent are swapped",
    "connection",
    [`"socket.stuck": "closing.slow"`, `"socket.stuck": "closing.silent"`],
    [`"socket.silent": "closing.silent"`, `"socket.silent": "closing.slow"`],
  ),
  mutant("who lags stays in the live set", "watch", [`exit: "leaveLive"`, "exit: []"]),
  mutant("who has drained is live at once", "watch", [`"socket.drained": "catchingUp"`, `"socket.drained": "live"`]),
  mutant("a turn that is over stays its own", "connection", [`{ target: "quiet" }] },`, `{}] },`]),
  mutant(
    "joiners see a spec that may be old",
    "surface",
    [`{ guard: "changesAreAnnounced", `, `{ guard: not("changesAreAnnounced"), `],
    ["import { or,", "import { not, or,"],
  ),
  mutant("the last change of a surface is lost", "surface", [
    `The surface changed again; the provider is asked once more, whatever it answers.",
          on: {
            "spec.built": { target: "#surface.refreshing",`,
    `The surface changed again; the provider is asked once more, whatever it answers.",
          on: {
            "spec.built": { target: "#surface.current",`,
  ]),
  mutant(
    "queued texts stay when the turn ends",
    "conversation",
    [`{ guard: "textsCarryOver", `, `{ guard: not("textsCarryOver"), `],
    [`import { sendTo, setup }`, `import { not, sendTo, setup }`],
  ),
  mutant("a turn that is not stored counts as sealed", "conversation", [
    `            "store.failed": "waitingForStore",\n`,
    `            "store.failed": "#conversation.settling",\n`,
  ]),
  mutant("a crash of the agent reads as its end", "turn", [
    `({ event }) => ({ end: "failed", failure: event.failure })`,
    `() => ({ end: "done" })`,
  ]),
  mutant("a running turn cannot be cancelled", "turn", [`"turn.cancel": {`, `"turn.neverCancelled": {`]),
  mutant("a stop closes no socket", "gateway", [`entry: "closeSockets"`, "entry: []"]),
];

function mutant(name: string, chart: string, ...edits: Edit[]): Mutant {
  return {
    name,
    chart,
    suite: likely[chart] ?? "paths",
    seed(source) {
      let mutated = source;
      for (const [from, to] of edits) {
        if (mutated.split(from).length !== 2)
          throw new Error(`the mutant "${name}" changes what is not once in machines/${chart}.ts: ${from}`);
        mutated = mutated.replace(from, to);
      }
      return mutated;
    },
  };
}
