// Watches the actors of running servers, and holds each of their moves against the bare charts (replay.ts) and against
// the explored world: a server must do nothing that its charts do not say or that the exploration has never tried.
// Must never throw inside an observer: that would put the observed actors in the error state.
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, InspectionEvent } from "xstate";
import { transitionKey } from "../../src/diagnostics/inspection/transition-key.ts";
import { isMachineSnapshot, transitionsOf } from "../../src/runtime/xstate-internals.ts";
import { type Move, Replay } from "./conformance/replay.ts";
import { tripleOf } from "./conformance/triples.ts";

interface Followed {
  /** Undefined before it begins. */
  place: AnyMachineSnapshot | undefined;
  taken: string[][];
}

export class Conformance {
  readonly #replays: Map<string, Replay>;
  readonly #actors = new WeakMap<object, Followed | "lost">();
  readonly #problems = new Set<string>();
  readonly #triples = new Set<string>();
  #moves = 0;

  constructor(charts: readonly AnyStateMachine[]) {
    this.#replays = new Map(charts.map((chart) => [chart.id, new Replay(chart)]));
  }

  /** Watches all actors of a root from now on. */
  readonly watch = (root: AnyActorRef): void => {
    const snapshot: unknown = root.getSnapshot();
    const replay = isMachineSnapshot(snapshot) && this.#replays.get(snapshot.machine.id);
    if (replay) this.#actors.set(root, { place: replay.placeOf(snapshot.value), taken: [] });
    root.system.inspect((event) => {
      try {
        this.#note(event);
      } catch (error) {
        this.#problems.add(`an observer failed: ${String(error)}`);
      }
    });
  };

  /** How many moves were replayed. */
  get moves(): number {
    return this.#moves;
  }

  /** What the actors did that their charts do not do, in sentences. */
  get problems(): string[] {
    return [...this.#problems];
  }

  /** Each combination of a state, an event and what it did. */
  get triples(): ReadonlySet<string> {
    return this.#triples;
  }

  #note(inspection: InspectionEvent): void {
    if (inspection.type !== "@xstate.microstep" && inspection.type !== "@xstate.snapshot") return;
    const { actorRef, snapshot, event } = inspection;
    if (!isMachineSnapshot(snapshot) || event.type === "xstate.stop") return;
    const replay = this.#replays.get(snapshot.machine.id);
    const actor = this.#actors.get(actorRef) ?? { place: undefined, taken: [] };
    if (!replay || actor === "lost") return;
    this.#actors.set(actorRef, actor);
    if (inspection.type === "@xstate.microstep") actor.taken.push(transitionsOf(inspection).map(transitionKey));
    else this.#follow(replay, actorRef, actor, { event: event.type, taken: actor.taken, value: snapshot.value });
  }

  #follow(replay: Replay, actorRef: object, actor: Followed, move: Move): void {
    const { place } = actor;
    this.#moves++;
    const replayed = replay.follow(place, move);
    actor.taken = [];
    if ("problem" in replayed) {
      this.#problems.add(replayed.problem);
      // Everything after the first wrong move would be wrong as well.
      this.#actors.set(actorRef, "lost");
      return;
    }
    actor.place = replayed.place;
    if (place) this.#triples.add(tripleOf(replayed.place.machine.id, place.value, move.event, move.taken.flat()));
  }
}
