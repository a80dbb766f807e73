// Reports to observers what the actors of their choice do while the server runs. Must never disturb an actor: XState
// 5.33 puts an actor in error when an observer throws, so one that throws is removed. Without observers nothing is
// attached and nothing costs (XState 5.33 calls an observer for every event of every actor, 3–4 µs each).
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent, Subscription } from "xstate";
import type { Logger } from "../ports/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import { activeNodesOf, isMachineSnapshot, parentOf, transitionsOf } from "../runtime/xstate-internals.ts";
import { chartOf, type InspectionFilter, matches, namesOf, senderOf, statesOf } from "./inspection/actor.ts";
import type { ActorChange, ActorMoved, ActorSnapshot, InspectionObserver } from "./inspection/changes.ts";
import { actionName, type Refusal, refusalOf } from "./inspection/reasons.ts";
import { transitionKey } from "./inspection/transition-key.ts";

export type * from "./inspection/changes.ts";

/** `remove` removes the observer when it fails after it has returned. */
type RawObserver = (event: InspectionEvent, remove: (error: unknown) => void) => void;

/** The two clocks may drift apart by that much. A larger difference means that the machine's time was set. */
const clockDriftMs = 50;

/** Chooses actors while they are observed. */
export interface ActorSelection {
  has(actor: AnyActorRef, snapshot: unknown): boolean;
  /** An actor is about to process an event that another one has sent. */
  met?(sender: AnyActorRef, receiver: AnyActorRef): void;
}

/** @param sender of the event, if an actor sent it. */
type ChosenObserver = (change: ActorChange, actor: AnyActorRef, sender: AnyActorRef | undefined) => unknown;

export interface InspectionOptions {
  /** The root of the actor system. */
  root: AnyActorRef;
  clock: Clock;
  logger: Logger;
}

export class Inspection {
  readonly #options: InspectionOptions;
  readonly #observers = new Set<(event: InspectionEvent) => void>();
  #subscription: Subscription | undefined;
  /** Offset from clock.now to milliseconds since the epoch. Set again when the machine's time was set. */
  #epoch = Number.NEGATIVE_INFINITY;

  constructor(options: InspectionOptions) {
    this.#options = options;
  }

  /** The number of observers. */
  get observers(): number {
    return this.#observers.size;
  }

  /**
   * Reports the changes of the actors that match the filter, from now on. The changes of one actor come in order. When
   * a child ends, its parent's reaction is reported before the child's end. The observer is called synchronously while
   * the actor processes the event: it must be quick and must not send to an actor. If it throws or its promise rejects,
   * it is not called again.
   * @returns stops the reports.
   */
  inspect(observer: InspectionObserver, filter: InspectionFilter = {}): () => void {
    return this.inspectChosen(observer, { has: (actor, snapshot) => matches(actor, snapshot, filter) });
  }

  /** Like inspect, of the actors that the selection has at the time. */
  inspectChosen(observer: ChosenObserver, selection: ActorSelection): () => void {
    const senders = new WeakMap<object, AnyActorRef>();
    /** How many events have been sent, and by event how many at its sending. */
    let sent = 0;
    const orders = new WeakMap<object, number>();
    /** By actor: the type of the event being processed, and its transitions so far. */
    const events = new WeakMap<object, string>();
    const taken = new WeakMap<object, string[]>();
    /** By actor: the names of the actions that it has run for the event. */
    const ran = new WeakMap<object, Set<string>>();
    let isOver = false;
    const stop = this.#add((raw, remove) => {
      let actor = raw.actorRef as AnyActorRef;
      const tell = (change: ActorChange, from?: AnyActorRef): void => {
        if (isOver) return;
        const answer: unknown = observer(change, actor, from);
        if (answer instanceof Promise) answer.catch(remove);
      };
      if (raw.type === "@xstate.event") {
        orders.set(raw.event, ++sent);
        // An actor that threw processes no more events: keep the one at which it threw.
        if (actor.getSnapshot()?.status === "active") events.set(actor, raw.event.type);
        const sender = raw.sourceRef as AnyActorRef | undefined;
        if (!sender) return;
        senders.set(raw.event, sender);
        selection.met?.(sender, actor);
        // XState makes no inspection event of an actor that throws. Its error event to the parent reveals it.
        const last: unknown = sender.getSnapshot();
        if (!isMachineSnapshot(last) || last.status !== "error" || !selection.has(sender, last)) return;
        actor = sender;
        tell({ ...this.#changeOf(sender, last, sent), type: "actor.ended", how: "error", event: events.get(sender) });
      } else if (raw.type === "@xstate.microstep") {
        if (!selection.has(actor, raw.snapshot)) return;
        const keys = taken.get(actor) ?? [];
        taken.set(actor, keys);
        for (const transition of transitionsOf(raw)) keys.push(transitionKey(transition));
      } else if (raw.type === "@xstate.action") {
        const name = selection.has(actor, actor.getSnapshot()) ? actionName(raw) : undefined;
        if (name !== undefined) ran.set(actor, (ran.get(actor) ?? new Set()).add(name));
      } else if (raw.type === "@xstate.snapshot") {
        const { snapshot } = raw;
        if (!isMachineSnapshot(snapshot) || !selection.has(actor, snapshot)) return;
        const transitions = taken.get(actor) ?? [];
        taken.delete(actor);
        const actions = [...(ran.get(actor) ?? [])];
        ran.delete(actor);
        const change = this.#changeOf(actor, snapshot, orders.get(raw.event) ?? sent);
        const { type } = raw.event;
        if (type === "xstate.init") {
          tell({ ...change, type: "actor.started", parentId: parentOf(actor)?.sessionId, actions });
          if (transitions.length > 0) tell(moved(change, raw.event, undefined, { transitions, actions: [] }));
        } else if (type !== "xstate.stop") {
          const because = transitions.length > 0 ? undefined : refusalOf(activeNodesOf(snapshot), type);
          const sender = senders.get(raw.event);
          tell(moved(change, raw.event, sender && senderOf(sender), { transitions, actions, ...because }), sender);
        }
        if (snapshot.status !== "active") tell({ ...change, type: "actor.ended", how: snapshot.status, event: type });
      }
    });
    return () => {
      isOver = true;
      stop();
    };
  }

  /**
   * Like inspect, but with XState's own inspection events, for tools that read those. With a filter the first event of
   * an actor is its `xstate.init`: before that it has no snapshot to match.
   */
  inspectRaw(observer: (event: InspectionEvent) => void, filter: InspectionFilter = {}): () => void {
    return this.#add((event) => {
      const actor = event.actorRef as AnyActorRef;
      // While an actor is being created it has no snapshot yet, but its first microsteps carry one.
      const snapshot = "snapshot" in event ? event.snapshot : actor.getSnapshot();
      if (matches(actor, snapshot, filter)) observer(event);
    });
  }

  #add(observer: RawObserver): () => void {
    const remove = (error: unknown): void => {
      if (!this.#observers.has(guarded)) return;
      stop();
      this.#options.logger.error("inspection: an observer threw and is not called again", { error });
    };
    const guarded = (event: InspectionEvent): void => {
      try {
        observer(event, remove);
      } catch (error) {
        remove(error);
      }
    };
    const stop = (): void => {
      if (!this.#observers.delete(guarded) || this.#observers.size > 0) return;
      this.#subscription?.unsubscribe();
      this.#subscription = undefined;
    };
    this.#observers.add(guarded);
    this.#subscription ??= this.#options.root.system.inspect((event) => {
      for (const notify of this.#observers) notify(event);
    });
    return stop;
  }

  #changeOf(actor: AnyActorRef, snapshot: AnyMachineSnapshot, order: number): ActorSnapshot {
    return {
      at: this.#now(),
      order,
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
}

type Outcome = Pick<ActorMoved, "transitions" | "actions"> & Partial<Refusal>;

const moved = (
  change: ActorSnapshot,
  event: { type: string },
  from: string | undefined,
  { transitions, actions, refusedBy = [], declared }: Outcome,
): ActorMoved => ({
  ...change,
  ...{ type: "actor.moved", event: event.type, from, handled: transitions.length > 0 },
  ...{ transitions, actions, refusedBy, declared, payload: event },
});
