// Which transitions of the production charts are taken while a server runs, seen through XState's own inspection. Must
// never throw inside an observer: that would put the actors it looks at in error.
import type { AnyStateMachine, InspectionEvent, StateValue, Subscription } from "xstate";
import { transitionKey, transitionKeysOf } from "../../src/diagnostics/inspection/transition-key.ts";

export interface CoverageRow {
  chart: string;
  taken: number;
  all: number;
  /** The keys of those not taken. */
  missing: string[];
}

/** An event that came to an actor of a chart, and the state in which it came. */
export interface Arrival {
  chart: string;
  state: StateValue;
  event: string;
  /** Was there a transition for it? */
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
  /** Of each actor, since its first step. */
  readonly #states = new WeakMap<object, StateValue>();
  #broken: unknown;

  constructor(charts: readonly AnyStateMachine[]) {
    this.#charts = new Map(charts.map((chart) => [chart.id, chart]));
  }

  /** Observes an actor system from now on; the function returned ends that. */
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

  /** One row for each chart. @throws Error when looking has failed: then the numbers say nothing. */
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

  /** Every event that came, by the state in which it did. */
  arrivals(): Arrival[] {
    return [...this.#arrivals.values()];
  }

  #note(inspection: InspectionEvent): void {
    // An actor's beginning is told by its first snapshot, everything after it by its steps.
    if (inspection.type !== "@xstate.microstep" && inspection.type !== "@xstate.snapshot") return;
    const { event, snapshot, actorRef } = inspection;
    const chart = chartOf(actorRef);
    if (!this.#charts.has(chart)) return;
    const before = this.#states.get(actorRef);
    if ("value" in snapshot && isStateValue(snapshot.value)) this.#states.set(actorRef, snapshot.value);
    if (inspection.type !== "@xstate.microstep") return;
    const { _transitions: taken } = inspection;
    for (const definition of taken) {
      const key = transitionKey(definition);
      this.#taken.set(key, this.times(key) + 1);
    }
    // A step without an event follows one that has been noted; and XState's own beginnings and ends are no arrivals.
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

/** The id of the chart that an actor runs; "" for what is none. */
function chartOf(actorRef: object): string {
  const logic: unknown = Reflect.get(actorRef, "logic");
  return typeof logic === "object" && logic !== null && "id" in logic ? String(logic.id) : "";
}
