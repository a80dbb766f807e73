// Plays the paths of a model on the running server. An implementation says how to cause each event and what must be
// true in each state. Must never play a path with a step or a state that is not implemented.
import { inspect } from "node:util";
import type { EventObject } from "xstate";
import { within } from "../support/deadline.ts";
import type { Path, Step, Walk } from "./walk.ts";

/** What a model's states and events mean on the running server. Each path is played in a Fixture of its own. */
export interface Implementation<Fixture> {
  /**
   * Calls `run` with a fresh fixture and then tears it down. Rejects when `run` does, or when something is wrong at the
   * end.
   */
  inFixture(run: (fixture: Fixture) => Promise<void>): Promise<void>;
  /** By leaf state: asserts what the client sees and which state the server's actor is in. */
  states: Record<string, (fixture: Fixture) => unknown>;
  /** By event type: causes the event, and waits until it has arrived. */
  events: Record<string, (fixture: Fixture, event: EventObject) => unknown>;
}

export interface PathFailure {
  model: string;
  /** The events of the path up to the step that failed. */
  path: string;
  step: string;
  message: string;
}

export interface ModelRow {
  name: string;
  states: number;
  transitions: number;
  /** How many paths there are of each kind. A path that is the beginning of another one is played as part of it. */
  found: Walk["found"];
  /** How many were played. */
  paths: number;
  steps: number;
}

export interface Played {
  model: ModelRow;
  failures: PathFailure[];
}

export interface PlayOptions {
  /** Paths played at once; each has a fixture of its own. */
  atOnce?: number;
  /** Time for one step and the assertions after it. */
  stepDeadlineMs?: number;
  /** No further path begins after this many have failed. */
  failuresMax?: number;
  /** By model: the only paths to play, as indices, in this order. */
  chosen?: Readonly<Record<string, readonly number[]>>;
  /** Called after each path. */
  onPath?: (model: string, index: number) => void;
}

/** The states and events that an implementation lacks or has in excess; empty when it fits its model. */
export function misfits<Fixture>(
  { name, stateNames, eventTypes }: Walk,
  implementation: Implementation<Fixture>,
): string[] {
  const compare = (kind: string, wanted: string[], entries: object): string[] => {
    const present = Object.keys(entries);
    return [
      ...wanted
        .filter((one) => !present.includes(one))
        .map((one) => `model ${name}: no ${kind} "${one}" is implemented`),
      ...present
        .filter((one) => !wanted.includes(one))
        .map((one) => `model ${name}: the ${kind} "${one}" is implemented, and the model has none`),
    ];
  };
  return [
    ...compare("state", stateNames, implementation.states),
    ...compare("event", eventTypes, implementation.events),
  ];
}

/** @throws Error, before anything is played, when the implementation of a state or event is missing or superfluous. */
export async function play<Fixture>(
  walk: Walk,
  implementation: Implementation<Fixture>,
  options: PlayOptions = {},
): Promise<Played> {
  const { atOnce = 4, stepDeadlineMs = 15_000, failuresMax = 10, chosen, onPath } = options;
  const wrong = misfits(walk, implementation);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  const { name, states, transitions, found, paths } = walk;
  const failures: PathFailure[] = [];
  const waiting = chosen ? (chosen[name] ?? []).filter((index) => index < paths.length) : [...paths.keys()];
  let steps = 0;
  let count = 0;

  const playOne = async (path: Path): Promise<void> => {
    let at = "before the first step";
    let taken: string[] = [];
    try {
      await implementation.inFixture(async (fixture) => {
        const arrive = async ({ event, states: leaves }: Step): Promise<void> => {
          for (const leaf of leaves) {
            at = `${event.type} → ${leaf}`;
            await implementation.states[leaf]?.(fixture);
          }
        };
        await within(arrive({ event: { type: "start" }, states: path.first }), "the first state", stepDeadlineMs);
        for (const step of path.steps) {
          at = step.event.type;
          taken = [...taken, wordsOf(step.event)];
          const happen = async (): Promise<void> => {
            await implementation.events[step.event.type]?.(fixture, step.event);
            await arrive(step);
          };
          await within(happen(), () => at, stepDeadlineMs);
          steps++;
        }
        at = "after the last step";
      });
    } catch (error) {
      failures.push({ model: name, path: taken.join(", "), step: at, message: messageOf(error) });
    }
  };
  const player = async (): Promise<void> => {
    while (failures.length < failuresMax) {
      const index = waiting.shift();
      const path = paths[index ?? -1];
      if (index === undefined || !path) return;
      await playOne(path);
      onPath?.(name, index);
      count++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, player));
  return { model: { name, states, transitions, found, paths: count, steps }, failures };
}

function wordsOf({ type, ...fields }: EventObject): string {
  return Object.keys(fields).length === 0 ? type : `${type} ${JSON.stringify(fields)}`;
}

/** The message of an error. For uvu's assertions it includes both values, cut short because they may be large. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!("actual" in error && "expects" in error)) return error.message;
  return `${error.message} (${shown(error.actual)} in place of ${shown(error.expects)})`;
}

const shown = (value: unknown): string =>
  inspect(value, { depth: 4, compact: true, breakLength: Number.POSITIVE_INFINITY }).slice(0, 400);
