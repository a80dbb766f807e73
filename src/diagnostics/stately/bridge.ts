// From XState's inspection events to what the Stately inspector is told: chooses the actors, introduces each before
// anything else is told of it, and tells all of them anew for pages that come late. Must never hand on an actor itself.
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from "xstate";
import type { ActorRegistry } from "../../runtime/actor-registry.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { chartOf, type InspectionFilter, isOfChart, matches } from "../inspection/actor.ts";
import type { Disclosure } from "./disclosure.ts";
import type { StatelyRecord } from "./records.ts";

/** Where it is told. */
export interface RecordSink {
  /** False: it was left out, because too much waits. */
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
  /** Runs what the clock calls; what it throws is the caller's to hear. */
  guard(run: () => void): void;
}

/** What the relay of @statelyai/inspect 0.7 remembers for a page that comes later, in messages. */
const remembered = 200;
/** Between two looks whether there is room again. */
const roomPauseMs = 20;

type Linked = AnyActorRef & { _parent?: AnyActorRef };

export class Bridge {
  readonly #options: BridgeOptions;
  /** Those introduced and alive, each with what ends our listening to its failure. */
  readonly #introduced = new Map<AnyActorRef, () => void>();
  readonly #charts = new Set<string>();
  /** Of a retelling under way: whose turn has not come. */
  #toTell: AnyActorRef[] = [];
  #retelling = false;
  #timer: Timer | undefined;
  /** Since the last retelling began. */
  #posted = 0;
  #ended = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Takes XState's inspection events as they come. */
  observe(event: InspectionEvent): void {
    if (event.type !== "@xstate.event" && event.type !== "@xstate.snapshot") return;
    const actor = actorOf(event.actorRef);
    if (!actor) return;
    const snapshot: unknown = event.type === "@xstate.snapshot" ? event.snapshot : actor.getSnapshot();
    if (!isOfChart(snapshot) || !this.#isMeant(actor, snapshot)) return;
    if (!this.#introduced.has(actor)) {
      // What reaches an actor after its end changes nothing.
      if (snapshot.status !== "active" && event.event.type !== "xstate.init") return;
      this.#introduce(actor, snapshot);
    }
    const { clock, disclosure } = this.#options;
    const told = { at: clock.wall(), actorId: actor.sessionId, event: disclosure.event(event.event) };
    if (event.type === "@xstate.event") {
      this.#post({ ...told, kind: "event", senderId: actorOf(event.sourceRef)?.sessionId });
      return;
    }
    this.#post({ ...told, kind: "snapshot", snapshot: disclosure.snapshot(snapshot) });
    if (snapshot.status !== "active") this.#forget(actor);
  }

  /** Tells every actor that is there, as it is: when it starts, and when something was left out. */
  retell(): void {
    const { root, actors } = this.#options;
    // Parents are older than their children.
    this.#toTell = [root, ...[...actors.kinds()].flatMap((kind) => [...actors.alive(kind).keys()])];
    this.#posted = 0;
    if (this.#retelling) return;
    this.#retelling = true;
    this.#retellSome();
  }

  /** A page has come: what it cannot know from the relay is told anew, to all of them. */
  viewerCame(): void {
    if (this.#posted > remembered) this.retell();
  }

  end(): void {
    this.#ended = true;
    this.#toTell = [];
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    for (const actor of [...this.#introduced.keys()]) this.#forget(actor);
  }

  #retellSome(): void {
    this.#timer = undefined;
    if (this.#ended) return;
    const { actorsPerLoopTurn, clock, guard, sink } = this.#options;
    for (let told = 0; told < actorsPerLoopTurn && !sink.isFull; told++) {
      const actor = this.#toTell.shift();
      if (!actor) break;
      const snapshot: unknown = actor.getSnapshot();
      const isThere = isOfChart(snapshot) && snapshot.status === "active";
      if (isThere && this.#isMeant(actor, snapshot)) this.#introduce(actor, snapshot);
    }
    this.#retelling = this.#toTell.length > 0;
    if (!this.#retelling) return;
    const again = (): void => guard(() => this.#retellSome());
    if (sink.isFull) this.#timer = clock.setTimeout(again, roomPauseMs);
    else clock.defer(again);
  }

  #isMeant(actor: AnyActorRef, snapshot: AnyMachineSnapshot): boolean {
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
    const told = disclosure.snapshot(snapshot);
    this.#post({ kind: "actor", at: clock.wall(), actorId: actor.sessionId, parentId, chart, snapshot: told });
    if (!this.#introduced.has(actor)) this.#follow(actor);
  }

  /** XState 5.33 makes no inspection event of an actor that throws: this is how its end is heard. */
  #follow(actor: AnyActorRef): void {
    const { clock, disclosure, guard } = this.#options;
    const failed = (): void =>
      guard(() => {
        const snapshot: unknown = actor.getSnapshot();
        if (!isOfChart(snapshot) || !this.#introduced.has(actor)) return;
        const event = { type: `xstate.error.actor.${actor.id}` };
        const told = disclosure.snapshot(snapshot);
        this.#post({ kind: "snapshot", at: clock.wall(), actorId: actor.sessionId, event, snapshot: told });
        this.#forget(actor);
      });
    const subscription = actor.subscribe({ error: failed });
    this.#introduced.set(actor, () => subscription.unsubscribe());
  }

  #forget(actor: AnyActorRef): void {
    this.#introduced.get(actor)?.();
    this.#introduced.delete(actor);
  }

  /** An actor whose parent the filter leaves out hangs from the next one up, so that the tree stays in one piece. */
  #shownParentOf(actor: Linked): AnyActorRef | undefined {
    let parent: Linked | undefined = actor._parent;
    while (parent && !this.#introduced.has(parent)) parent = parent._parent;
    return parent;
  }

  #post(record: StatelyRecord): void {
    this.#posted++;
    this.#options.sink.post(record);
  }
}

function actorOf(reference: unknown): Linked | undefined {
  const isActor = (value: unknown): value is Linked =>
    typeof value === "object" && value !== null && "sessionId" in value && "subscribe" in value;
  return isActor(reference) ? reference : undefined;
}

/** The chart as it was written; functions by their name. */
function definitionOf({ machine }: AnyMachineSnapshot): unknown {
  const text = JSON.stringify(machine.config, (_name, value: unknown) =>
    typeof value === "function" ? { type: value.name } : value,
  );
  return JSON.parse(text);
}
