// An embedded orchestrator and its dependencies for tests: the root actor without a gateway, a real store in
// memory and scripted agents. It records broadcasts, changes and log lines.
import { createActor } from "xstate";
import { gatewayMachine } from "../../machines/gateway.ts";
import { createEmbeddedOrchestrator, type EmbeddedOrchestrator } from "../../src/embedded/orchestrator.ts";
import { openSqliteStore } from "../../src/embedded/sqlite-store.ts";
import type { Limits } from "../../src/limits.ts";
import type { Agent, AgentEvent, AgentResult, AgentRun } from "../../src/ports/agent.ts";
import type { EnqueueOutcome, Refused, StartOutcome } from "../../src/ports/orchestrator.ts";
import { type Store, StoreError, type Write } from "../../src/ports/store.ts";
import type { TurnEvent } from "../../src/protocol/turn-event.ts";
import { ActorRegistry, type SupervisedConversations } from "../../src/runtime/actor-registry.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { SimulatedClock } from "./clock.ts";
import { limits } from "./limits.ts";
import { rememberingLogger } from "./store-rows.ts";

export interface Fixture extends EmbeddedOrchestrator {
  clock: SimulatedClock;
  store: Store;
  registry: ActorRegistry;
  /** All broadcasts, and all changes, each as one line. */
  announced: string[];
  changes: string[];
  lines: { level: string; message: string; fields: unknown }[];
  /** Subscribes and collects the events. */
  watch(conversationId: string): { events: TurnEvent[]; types: () => string[]; leave: () => void };
}

export interface FixtureOptions {
  agents?: Agent[];
  store?: Store;
  clock?: SimulatedClock;
  limits?: Partial<Limits>;
  defaultModel?: string;
  refusal?: () => Refused | undefined;
  watchers?: () => number;
  orphanMs?: number;
}

export const memoryStore = (clock: Clock, dataDir = ":memory:"): Store =>
  openSqliteStore({ dataDir, clock, logger: rememberingLogger().logger, limits, durability: "normal" });

export function openFixture(options: FixtureOptions = {}): Fixture {
  const clock = options.clock ?? new SimulatedClock();
  const store = options.store ?? memoryStore(clock);
  const registry = new ActorRegistry(clock);
  let supervised: SupervisedConversations | undefined;
  const parent = createActor(
    gatewayMachine.provide({
      actions: {
        restartConversation: (_, conversationId) => supervised?.restart(conversationId),
        giveUpConversation: (_, conversationId) => supervised?.giveUp(conversationId),
      },
    }),
    { clock },
  );
  parent.start();
  const { logger, lines } = rememberingLogger();
  let isDraining = false;
  const embedded = createEmbeddedOrchestrator({
    host: {
      parent,
      registry,
      isDraining: () => isDraining,
      supervise: (conversations) => {
        supervised = conversations;
      },
      ...(options.refusal && { refusal: options.refusal }),
      ...(options.watchers && { watchers: options.watchers }),
    },
    store,
    agents: options.agents ?? [echo],
    tools: [],
    defaultModel: options.defaultModel ?? "test/m",
    clock,
    logger,
    limits: { ...limits, ...options.limits },
    orphanMs: options.orphanMs,
  });
  const announced: string[] = [];
  const changes: string[] = [];
  embedded.broadcasts.subscribe((broadcast) => {
    const detail = broadcast.type === "conversation.statusChanged" ? ` ${broadcast.status}` : "";
    announced.push(`${broadcast.type} ${broadcast.conversationId}${detail}`);
  });
  embedded.subscribe((change) => {
    changes.push("conversationId" in change ? `${change.what} ${change.conversationId}` : change.what);
  });
  const watch: Fixture["watch"] = (conversationId) => {
    const events: TurnEvent[] = [];
    const leave = embedded.orchestrator.subscribe(conversationId, (event) => events.push(event));
    return { events, types: () => events.map(({ type }) => type), leave };
  };
  /** Sets isDraining first, as the root does in a server. */
  const drain: Fixture["drain"] = (deadlineMs) => {
    isDraining = true;
    return embedded.drain(deadlineMs);
  };
  const close: Fixture["close"] = () => {
    isDraining = true;
    embedded.close();
  };
  return { ...embedded, drain, close, clock, store, registry, announced, changes, lines, watch };
}

/** Runs all work that waits only for the event loop. No simulated time passes. */
export async function settle(clock: SimulatedClock): Promise<void> {
  for (let round = 0; round < 8; round++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    clock.settle();
  }
}

/** An agent of the provider "test", whose one model is "m". */
export const agentOf = (run: Agent["run"]): Agent => ({ provider: "test", models: () => [{ name: "m" }], run });

/** Repeats the last user text in one delta and one step. */
export const echo: Agent = agentOf(async function* ({ messages }) {
  const last = messages.at(-1)?.chunks.find((chunk) => chunk.type === "text");
  yield { type: "text-delta", delta: last?.type === "text" ? last.text : "" };
  yield { type: "step-complete", stepId: "s1" };
  return { reason: "stop" };
});

/** An agent whose events and outcome the test controls step by step. */
export class Puppet {
  /** The runs so far. */
  readonly runs: AgentRun[] = [];
  /** Whether a run ends by itself when its signal is aborted. */
  readonly #heedsAbort: boolean;
  #queue: (() => { value: unknown } | { result: AgentResult })[] = [];
  #wake: () => void = () => {};

  constructor({ heedsAbort = true }: { heedsAbort?: boolean } = {}) {
    this.#heedsAbort = heedsAbort;
  }

  get agent(): Agent {
    return agentOf((run) => this.#run(run));
  }

  get run(): AgentRun {
    const run = this.runs.at(-1);
    if (!run) throw new Error("the agent has not been run");
    return run;
  }

  /** Yields these values, valid or not. */
  say(...values: unknown[]): void {
    for (const value of values) this.#push(() => ({ value }));
  }

  finish(result: AgentResult = { reason: "stop" }): void {
    this.#push(() => ({ result }));
  }

  fail(error: unknown): void {
    this.#push(() => {
      throw error;
    });
  }

  #push(step: () => { value: unknown } | { result: AgentResult }): void {
    this.#queue.push(step);
    this.#wake();
  }

  async *#run(run: AgentRun): AsyncGenerator<AgentEvent, AgentResult> {
    this.runs.push(run);
    for (;;) {
      const step = this.#queue.shift();
      if (step) {
        const said = step();
        if ("result" in said) return said.result;
        yield said.value as AgentEvent;
        continue;
      }
      if (this.#heedsAbort && run.signal.aborted) throw new Error("aborted");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (this.#heedsAbort) run.signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
}

/** The value; fails the test when it is undefined. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("an expected value is undefined");
  return value;
}

/** Why a request was refused; fails the test when it was not. */
export function refusalOf(outcome: StartOutcome | EnqueueOutcome): { reason: string; message: string } {
  if (!("reason" in outcome)) throw new Error(`the request was not refused: ${JSON.stringify(outcome)}`);
  return { reason: outcome.reason, message: outcome.message ?? "" };
}

/** A real store whose commits fail while `fails` is set. Appended writes wait meanwhile, as the port promises. */
export function failingStore(inner: Store): Store & { fails: Error | undefined } {
  let fails: Error | undefined;
  const waiting: Write[] = [];
  const failing = {
    get fails() {
      return fails;
    },
    set fails(error: Error | undefined) {
      fails = error;
      if (!fails) inner.append(waiting.splice(0));
    },
    get failure() {
      return fails instanceof StoreError ? fails : inner.failure;
    },
    attempt(writes: Write[]): void {
      if (fails) throw fails;
      inner.attempt(writes);
    },
    append(writes: Write[]): void {
      if (fails) waiting.push(...writes);
      else inner.append(writes);
    },
  };
  return new Proxy(inner, {
    get(_, name) {
      const owner = name in failing ? failing : inner;
      const value: unknown = Reflect.get(owner, name);
      return typeof value === "function" ? value.bind(owner) : value;
    },
    set: (_, name, value) => Reflect.set(failing, name, value),
  }) as Store & { fails: Error | undefined };
}
