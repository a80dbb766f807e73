// The states that mean that an actor has ended, or is about to end, badly, each with its description in the chart.
import { connectionMachine } from "../../../machines/connection.ts";
import { turnMachine } from "../../../machines/turn.ts";
import { watchMachine } from "../../../machines/watch.ts";

const ends = [
  ...["slow", "silent", "flooding", "refused", "defect"].map((state) =>
    connectionMachine.getStateNodeById(`connection.closing.because.${state}`),
  ),
  watchMachine.getStateNodeById("watch.lost"),
  ...["failed", "outgrown", "overtime", "lost"].map((state) => turnMachine.getStateNodeById(`turn.${state}`)),
];

/** By the state's id, the sentence that says why it is bad. */
export const badEnds: ReadonlyMap<string, string> = new Map(ends.map(({ id, description }) => [id, description ?? id]));
