// Counts which transitions of the production charts are taken while a server runs, by XState's inspection. Must never
// throw inside an observer: that would put the observed actors in the error state.
import type { AnyMachineSnapshot, AnyStateMachine, InspectionEvent, StateValue, Subscription } from "xstate";
import { transitionKey } from "../../src/diagnostics/inspection/transition-key.ts";
import { transitionKeysOf } from "../support/transition-keys.ts";

export interface CoverageRow {
  chart: string;
  taken: number;
  all: number;
  /** Keys of the transitions not taken. */
  missing: string[];
}

/** An event that arrived at an actor of a chart, and the actor's state at that moment. */
export interface Arrival {
  chart: string;
  state: StateValue;
  event: string;
  /** Did the event trigger a transition? */
  isHeard: boolean;
  times: number;
}

interface Inspectable {
  inspect(observer: (event: InspectionEvent) => void): Subscription;
}

export class Coverage {
  readonly #charts: Map<string, AnyStateMachine>;
  readonly #taken = new Map<string, number>();
  readonly #arrivals = new Map<string, Arrival>();
  /** The latest state value of each actor. */
  readonly #states = new WeakMap<object, StateValue>();
  /** The states entered and the transitions taken since they were last asked for. */
  #fresh = new Set<string>();
  #broken: unknown;

  constructor(charts: readonly AnyStateMachine[]) {
    this.#charts = new Map(charts.map((chart) => [chart.id, chart]));
  }

  /** Observes an actor system from now on. The returned function ends that. */
  attach(system: Inspectable): () => void {
    const subscription = system.inspect((event) => {
      try {
        this.#note(event);
      } catch (error) {
        this.#broken = error;
      }
    });
    return () => subscription.unsubscribe();
  }

  /** One row per chart. @throws Error when an observer has failed: the numbers are then unreliable. */
  table(): CoverageRow[] {
    if (this.#broken !== undefined) throw new Error("an observer failed", { cause: this.#broken });
    return [...this.#charts].map(([chart, machine]) => {
      const keys = transitionKeysOf(machine);
      const missing = keys.filter((key) => !this.#taken.has(key));
      return { chart, taken: keys.length - missing.length, all: keys.length, missing };
    });
  }

  /** How often a transition was taken. */
  times(key: string): number {
    return this.#taken.get(key) ?? 0;
  }

  /** The ids of the states that were active and the keys of the transitions taken since the last call. */
  takeFresh(): string[] {
    const fresh = [...this.#fresh];
    this.#fresh = new Set();
    return fresh;
  }

  /** Every event that arrived, by the state in which it arrived. */
  arrivals(): Arrival[] {
    return [...this.#arrivals.values()];
  }

  #note(inspection: InspectionEvent): void {
    // An actor's first snapshot shows its initial state, its microsteps show everything after that.
    if (inspection.type !== "@xstate.microstep" && inspection.type !== "@xstate.snapshot") return;
    const { event, snapshot, actorRef } = inspection;
    const chart = chartOf(actorRef);
    if (!this.#charts.has(chart)) return;
    const before = this.#states.get(actorRef);
    if ("value" in snapshot && isStateValue(snapshot.value)) this.#states.set(actorRef, snapshot.value);
    if ("_nodes" in snapshot) for (const { id } of (snapshot as AnyMachineSnapshot)._nodes) this.#fresh.add(id);
    if (inspection.type !== "@xstate.microstep") return;
    const { _transitions: taken } = inspection;
    for (const definition of taken) {
      const key = transitionKey(definition);
      this.#taken.set(key, this.times(key) + 1);
      this.#fresh.add(key);
    }
    // An eventless microstep follows one that is already recorded. XState's own init and stop events do not count as
    // arrivals.
    const isOwn = event.type === "xstate.init" || event.type === "xstate.stop";
    if (before === undefined || isOwn || taken.some(({ eventType }) => eventType === "")) return;
    const key = `${chart} ${JSON.stringify(before)} ${event.type}`;
    const arrival = this.#arrivals.get(key);
    if (arrival) arrival.times++;
    else this.#arrivals.set(key, { chart, state: before, event: event.type, isHeard: taken.length > 0, times: 1 });
  }
}

const isStateValue = (value: unknown): value is StateValue =>
  typeof value === "string" || (typeof value === "object" && value !== null);

/** The id of the chart that an actor runs, or "" when it runs none. */
function chartOf(actorRef: object): string {
  const logic: unknown = Reflect.get(actorRef, "logic");
  return typeof logic === "object" && logic !== null && "id" in logic ? String(logic.id) : "";
}
