// Plays the paths of a model on the running server: an implementation says how each event is brought about and what
// must be true in each state. Must never play a path of which a step or a state is not implemented.
import { inspect } from "node:util";
import type { EventObject } from "xstate";
import { within } from "../support/deadline.ts";
import type { Path, Step, Walk } from "./walk.ts";

/** What a model's words mean on the running server. A Fixture is what one path is played in. */
export interface Implementation<Fixture> {
  /** Runs with a fresh fixture, and takes it down; rejects when run does, or when something is wrong at the end. */
  inFixture(run: (fixture: Fixture) => Promise<void>): Promise<void>;
  /** By leaf state: asserts what the client sees and what the server's own actor is in. */
  states: Record<string, (fixture: Fixture) => unknown>;
  /** By event type: brings it about, and waits until it has arrived. */
  events: Record<string, (fixture: Fixture, event: EventObject) => unknown>;
}

export interface PathFailure {
  model: string;
  /** In words, up to the step that failed. */
  path: string;
  step: string;
  message: string;
}

export interface ModelRow {
  name: string;
  states: number;
  transitions: number;
  /** How many paths there are of each kind; those that are the beginning of another one are played with that. */
  found: Walk["found"];
  /** Played. */
  paths: number;
  steps: number;
}

export interface Played {
  model: ModelRow;
  failures: PathFailure[];
}

export interface PlayOptions {
  /** Paths under way at once; each has a fixture of its own. */
  atOnce?: number;
  /** Of one step and what is asserted after it. */
  stepDeadlineMs?: number;
  /** No further path is begun after so many have failed. */
  failuresMax?: number;
}

/** What an implementation lacks, or has too much; empty when it fits its model. */
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

/** @throws Error, before anything is played, when a state or an event has no implementation or one too many. */
export async function play<Fixture>(
  walk: Walk,
  implementation: Implementation<Fixture>,
  options: PlayOptions = {},
): Promise<Played> {
  const { atOnce = 4, stepDeadlineMs = 15_000, failuresMax = 10 } = options;
  const wrong = misfits(walk, implementation);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  const { name, states, transitions, found, paths } = walk;
  const failures: PathFailure[] = [];
  const waiting = [...paths];
  let steps = 0;

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
      const path = waiting.shift();
      if (!path) return;
      await playOne(path);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, player));
  return { model: { name, states, transitions, found, paths: paths.length - waiting.length, steps }, failures };
}

function wordsOf({ type, ...fields }: EventObject): string {
  return Object.keys(fields).length === 0 ? type : `${type} ${JSON.stringify(fields)}`;
}

/** With what uvu's assertions know beside their message: it may be anything, of any size. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!("actual" in error && "expects" in error)) return error.message;
  return `${error.message} (${shown(error.actual)} in place of ${shown(error.expects)})`;
}

const shown = (value: unknown): string =>
  inspect(value, { depth: 4, compact: true, breakLength: Number.POSITIVE_INFINITY }).slice(0, 400);
