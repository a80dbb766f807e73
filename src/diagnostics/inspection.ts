// Looks at the charts while the server runs, for those who asked: each gets news of the actors it chose. Must never
// touch what it looks at: an observer that throws is let go, and while nobody looks nothing is attached and nothing
// costs (XState 5.33 calls an observer for every event of every actor, 3–4 µs each, and one that throws puts the actor
// in error).
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from "xstate";
import type { Logger } from "../ports/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import {
  type ActorNames,
  chartOf,
  type InspectionFilter,
  isOfChart,
  matches,
  namesOf,
  statesOf,
} from "./inspection/actor.ts";
import { transitionKey } from "./inspection/transition-key.ts";

export type { ActorNames, InspectionFilter } from "./inspection/actor.ts";

/** What every change says: whose it is, and when. */
export interface ActorSnapshot {
  /** Milliseconds since the epoch, with fractions: the order of a burst can be read from them. */
  at: number;
  /** XState's own id of the actor, such as `x:12`; no two actors of a process share one. */
  actorId: string;
  chart: string;
  names: ActorNames;
  /** Ids of the innermost active states, such as `connection.open.flow.congested`: the state after the event. */
  states: string[];
}

/** An actor has come to be. */
export interface ActorStarted extends ActorSnapshot {
  type: "actor.started";
  parentId: string | undefined;
}

/** An actor has taken an event. */
export interface ActorMoved extends ActorSnapshot {
  type: "actor.moved";
  event: string;
  /** The actor that sent it, when an actor did. */
  from: string | undefined;
  /** False when the chart has no transition for it there. */
  handled: boolean;
  /** Keys of the transitions taken, in order (src/diagnostics/inspection/transition-key.ts). */
  transitions: string[];
  /** The event itself, with what people said. It is the product's own object: look at it, change nothing. */
  payload: unknown;
}

/** An actor has reached a final state, was stopped, or has thrown. */
export interface ActorEnded extends ActorSnapshot {
  type: "actor.ended";
  how: "done" | "stopped" | "error";
  /** The event that it was taking. */
  event: string | undefined;
}

export type ActorChange = ActorStarted | ActorMoved | ActorEnded;

export type InspectionObserver = (change: ActorChange) => void;

/** It is handed what to call when it fails later, after it has returned. */
type RawObserver = (event: InspectionEvent, letGo: (error: unknown) => void) => void;

/** Between the two clocks: what is more was somebody's doing. */
const clockDriftMs = 50;

/** An XState inspection event's own actor, as it really is. */
type Inspected = AnyActorRef & { _parent?: AnyActorRef };

export interface InspectionOptions {
  /** The root of the actor system. */
  root: AnyActorRef;
  clock: Clock;
  logger: Logger;
}

export class Inspection {
  readonly #options: InspectionOptions;
  readonly #observers = new Set<(event: InspectionEvent) => void>();
  #detach: (() => void) | undefined;
  /** From clock.now to milliseconds since the epoch: set anew when the machine's time has been set. */
  #epoch = Number.NEGATIVE_INFINITY;

  constructor(options: InspectionOptions) {
    this.#options = options;
  }

  /** How many look at the moment. */
  get observers(): number {
    return this.#observers.size;
  }

  /**
   * News of the actors that fit the filter, from now on. Each actor's come in their order; what a parent does at the
   * end of its child comes before the child's own last news. The observer is called while the actor is at work: it must
   * be quick, and must send to no actor. If it throws (or rejects, being async), it is not called again.
   * @returns what ends it.
   */
  inspect(observer: InspectionObserver, filter: InspectionFilter = {}): () => void {
    const senders = new WeakMap<object, string>();
    /** What each actor is taking: the event's type, and the transitions so far. */
    const events = new WeakMap<object, string>();
    const taken = new WeakMap<object, string[]>();
    let isOver = false;
    const stop = this.#add((raw, letGo) => {
      const tell = (change: ActorChange): void => {
        if (isOver) return;
        const answer: unknown = observer(change);
        if (answer instanceof Promise) answer.catch(letGo);
      };
      const actor = raw.actorRef as Inspected;
      if (raw.type === "@xstate.event") {
        // One that has thrown takes no more: what still comes is not what it threw at.
        if (actor.getSnapshot()?.status === "active") events.set(actor, raw.event.type);
        const sender = raw.sourceRef as Inspected | undefined;
        if (!sender) return;
        senders.set(raw.event, sender.sessionId);
        // One that throws says nothing more itself; its parent is told.
        const last: unknown = sender.getSnapshot();
        if (isOfChart(last) && last.status === "error" && matches(sender, last, filter))
          tell({ ...this.#changeOf(sender, last), type: "actor.ended", how: "error", event: events.get(sender) });
      } else if (raw.type === "@xstate.microstep") {
        if (!matches(actor, raw.snapshot, filter)) return;
        const keys = taken.get(actor) ?? [];
        taken.set(actor, keys);
        for (const transition of raw._transitions) keys.push(transitionKey(transition));
      } else if (raw.type === "@xstate.snapshot") {
        const { snapshot } = raw;
        if (!isOfChart(snapshot) || !matches(actor, snapshot, filter)) return;
        const transitions = taken.get(actor) ?? [];
        taken.delete(actor);
        const change = this.#changeOf(actor, snapshot);
        const { type } = raw.event;
        if (type === "xstate.init") {
          tell({ ...change, type: "actor.started", parentId: actor._parent?.sessionId });
          if (transitions.length > 0) tell(moved(change, raw.event, undefined, transitions));
        } else if (type !== "xstate.stop") tell(moved(change, raw.event, senders.get(raw.event), transitions));
        if (snapshot.status !== "active") tell({ ...change, type: "actor.ended", how: snapshot.status, event: type });
      }
    });
    return () => {
      isOver = true;
      stop();
    };
  }

  /**
   * XState's own inspection events of the actors that fit, for tools made for them. The same promises. With a filter
   * the first event of an actor is its `xstate.init`: before that nobody can say whether it fits.
   */
  inspectRaw(observer: (event: InspectionEvent) => void, filter: InspectionFilter = {}): () => void {
    return this.#add((event) => {
      const actor = event.actorRef as Inspected;
      // While an actor is being made it has no snapshot yet; its first steps bring it along.
      const snapshot = "snapshot" in event ? event.snapshot : actor.getSnapshot();
      if (matches(actor, snapshot, filter)) observer(event);
    });
  }

  #add(observer: RawObserver): () => void {
    const letGo = (error: unknown): void => {
      if (!this.#observers.has(guarded)) return;
      stop();
      this.#options.logger.error("inspection: an observer threw and is not called again", { error });
    };
    const guarded = (event: InspectionEvent): void => {
      try {
        observer(event, letGo);
      } catch (error) {
        letGo(error);
      }
    };
    const stop = (): void => {
      if (!this.#observers.delete(guarded) || this.#observers.size > 0) return;
      this.#detach?.();
      this.#detach = undefined;
    };
    this.#observers.add(guarded);
    this.#detach ??= this.#attach();
    return stop;
  }

  #changeOf(actor: AnyActorRef, snapshot: AnyMachineSnapshot): ActorSnapshot {
    return {
      at: this.#now(),
      actorId: actor.sessionId,
      chart: chartOf(snapshot),
      names: namesOf(snapshot),
      states: statesOf(snapshot),
    };
  }

  #now(): number {
    const { clock } = this.#options;
    const now = clock.now();
    if (Math.abs(this.#epoch + now - clock.wall()) > clockDriftMs) this.#epoch = clock.wall() - now;
    return this.#epoch + now;
  }

  #attach(): () => void {
    const subscription = this.#options.root.system.inspect((event) => {
      for (const observer of this.#observers) observer(event);
    });
    return () => subscription.unsubscribe();
  }
}

function moved(
  change: ActorSnapshot,
  event: { type: string },
  from: string | undefined,
  transitions: string[],
): ActorMoved {
  const handled = transitions.length > 0;
  return { ...change, type: "actor.moved", event: event.type, from, handled, transitions, payload: event };
}
