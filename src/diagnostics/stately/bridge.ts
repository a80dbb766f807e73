// Translates XState's inspection events into records for the Stately inspector: selects the actors, introduces each
// before any other record of it, and resends all of them for pages that come late. Must never pass on an actor itself.

import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from "xstate";
import type { ActorRegistry } from "../../runtime/actor-registry.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { isMachineSnapshot, parentOf } from "../../runtime/xstate-internals.ts";
import { chartOf, type InspectionFilter, matches } from "../inspection/actor.ts";
import type { Disclosure } from "./disclosure.ts";
import type { StatelyRecord } from "./records.ts";

/** Receives the records. */
export interface RecordSink {
  /** False when the record was dropped because too many wait. */
  post(record: StatelyRecord): boolean;
  readonly isFull: boolean;
}

export interface BridgeOptions {
  root: AnyActorRef;
  actors: ActorRegistry;
  filter: InspectionFilter;
  disclosure: Disclosure;
  sink: RecordSink;
  clock: Clock;
  actorsPerLoopTurn: number;
  /** Runs a timer's callback and handles what it throws. */
  guard(run: () => void): void;
}

/** Messages that the relay of @statelyai/inspect 0.7 replays to a page that comes later. */
const remembered = 200;
/** Pause before trying a full sink again. */
const retryPauseMs = 20;

export class Bridge {
  readonly #options: BridgeOptions;
  /** The introduced actors that are alive, each with the function that ends its error subscription. */
  readonly #introduced = new Map<AnyActorRef, () => void>();
  readonly #charts = new Set<string>();
  /** The actors that the current resend has not reached. */
  #toSend: AnyActorRef[] = [];
  #resending = false;
  #timer: Timer | undefined;
  /** Records posted since the last resend began. */
  #posted = 0;
  #ended = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Call with each of XState's inspection events. */
  observe(event: InspectionEvent): void {
    if (event.type !== "@xstate.event" && event.type !== "@xstate.snapshot") return;
    const actor = actorOf(event.actorRef);
    if (!actor) return;
    const snapshot: unknown = event.type === "@xstate.snapshot" ? event.snapshot : actor.getSnapshot();
    if (!isMachineSnapshot(snapshot) || !this.#isSelected(actor, snapshot)) return;
    if (!this.#introduced.has(actor)) {
      // An event after the actor's end changes nothing.
      if (snapshot.status !== "active" && event.event.type !== "xstate.init") return;
      this.#introduce(actor, snapshot);
    }
    const { clock, disclosure } = this.#options;
    const record = { at: clock.wall(), actorId: actor.sessionId, event: disclosure.event(event.event) };
    if (event.type === "@xstate.event") {
      this.#post({ ...record, kind: "event", senderId: actorOf(event.sourceRef)?.sessionId });
      return;
    }
    this.#post({ ...record, kind: "snapshot", snapshot: disclosure.snapshot(snapshot) });
    if (snapshot.status !== "active") this.#forget(actor);
  }

  /** Sends every live actor in its current state: at the start, and after records were dropped. */
  resend(): void {
    const { root, actors } = this.#options;
    // Parents come first because they are older than their children.
    this.#toSend = [root, ...[...actors.kinds()].flatMap((kind) => [...actors.alive(kind).keys()])];
    this.#posted = 0;
    if (this.#resending) return;
    this.#resending = true;
    this.#resendSome();
  }

  /** A page has come. If the relay can no longer replay everything, resend all actors (to all pages). */
  viewerCame(): void {
    if (this.#posted > remembered) this.resend();
  }

  end(): void {
    this.#ended = true;
    this.#toSend = [];
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    for (const actor of [...this.#introduced.keys()]) this.#forget(actor);
  }

  #resendSome(): void {
    this.#timer = undefined;
    if (this.#ended) return;
    const { actorsPerLoopTurn, clock, guard, sink } = this.#options;
    for (let sent = 0; sent < actorsPerLoopTurn && !sink.isFull; sent++) {
      const actor = this.#toSend.shift();
      if (!actor) break;
      const snapshot: unknown = actor.getSnapshot();
      const isAlive = isMachineSnapshot(snapshot) && snapshot.status === "active";
      if (isAlive && this.#isSelected(actor, snapshot)) this.#introduce(actor, snapshot);
    }
    this.#resending = this.#toSend.length > 0;
    if (!this.#resending) return;
    const again = (): void => guard(() => this.#resendSome());
    if (sink.isFull) this.#timer = clock.setTimeout(again, retryPauseMs);
    else clock.defer(again);
  }

  #isSelected(actor: AnyActorRef, snapshot: AnyMachineSnapshot): boolean {
    return actor === this.#options.root || matches(actor, snapshot, this.#options.filter);
  }

  #introduce(actor: AnyActorRef, snapshot: AnyMachineSnapshot): void {
    const { clock, disclosure } = this.#options;
    const chart = chartOf(snapshot);
    if (!this.#charts.has(chart)) {
      this.#charts.add(chart);
      this.#post({ kind: "chart", chart, definition: definitionOf(snapshot) });
    }
    const parentId = this.#shownParentOf(actor)?.sessionId;
    const disclosed = disclosure.snapshot(snapshot);
    this.#post({ kind: "actor", at: clock.wall(), actorId: actor.sessionId, parentId, chart, snapshot: disclosed });
    if (!this.#introduced.has(actor)) this.#follow(actor);
  }

  /** XState 5.33 makes no inspection event of an actor that throws, so subscribe to its error. */
  #follow(actor: AnyActorRef): void {
    const { clock, disclosure, guard } = this.#options;
    const failed = (): void =>
      guard(() => {
        const snapshot: unknown = actor.getSnapshot();
        if (!isMachineSnapshot(snapshot) || !this.#introduced.has(actor)) return;
        const event = { type: `xstate.error.actor.${actor.id}` };
        const disclosed = disclosure.snapshot(snapshot);
        this.#post({ kind: "snapshot", at: clock.wall(), actorId: actor.sessionId, event, snapshot: disclosed });
        this.#forget(actor);
      });
    const subscription = actor.subscribe({ error: failed });
    this.#introduced.set(actor, () => subscription.unsubscribe());
  }

  #forget(actor: AnyActorRef): void {
    this.#introduced.get(actor)?.();
    this.#introduced.delete(actor);
  }

  /** The nearest ancestor that is shown, so that the tree stays connected when the filter leaves out a parent. */
  #shownParentOf(actor: AnyActorRef): AnyActorRef | undefined {
    let parent = parentOf(actor);
    while (parent && !this.#introduced.has(parent)) parent = parentOf(parent);
    return parent;
  }

  #post(record: StatelyRecord): void {
    this.#posted++;
    this.#options.sink.post(record);
  }
}

function actorOf(reference: unknown): AnyActorRef | undefined {
  const isActor = (value: unknown): value is AnyActorRef =>
    typeof value === "object" && value !== null && "sessionId" in value && "subscribe" in value;
  return isActor(reference) ? reference : undefined;
}

/** The chart's config as JSON, with functions by their names. */
function definitionOf({ machine }: AnyMachineSnapshot): unknown {
  const text = JSON.stringify(machine.config, (_name, value: unknown) =>
    typeof value === "function" ? { type: value.name } : value,
  );
  return JSON.parse(text);
}
