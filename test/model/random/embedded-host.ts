// Runs a random history on real conversations, turns and a real store, with agents that the history commands. Must
// never emit or store anything itself: only the embedded orchestrator acts in a conversation.

import { createEmbeddedOrchestrator, type EmbeddedOrchestrator } from "../../../src/embedded/orchestrator.ts";
import { openSqliteStore } from "../../../src/embedded/sqlite-store.ts";
import type { PortsHost } from "../../../src/gateway/gateway.ts";
import type { Limits } from "../../../src/limits.ts";
import type { IdempotencyKeys } from "../../../src/ports/idempotency.ts";
import { silentLogger } from "../../../src/ports/logger.ts";
import type { EnqueueOutcome, QueuedMessage, StartOutcome, TurnListener } from "../../../src/ports/orchestrator.ts";
import { type Store, StoreError } from "../../../src/ports/store.ts";
import type { Broadcast } from "../../../src/protocol/broadcast.ts";
import type { DoneReason, TurnEvent, TurnEventBody } from "../../../src/protocol/turn-event.ts";
import { agentOf, failingStore, Puppet } from "../../support/orchestrator-fixture.ts";
import { systemClock } from "../../support/system-clock.ts";
import { Announcer, type Directions } from "./backstage.ts";

/** One turn, as its events show it. Its text identifies its agent. */
interface Turn {
  turnId: string;
  text: string;
  isDone: boolean;
}

export class EmbeddedHost implements Directions {
  /** Not used here: turns open at once. */
  opensLater = false;
  /** Keys are stored together with the turns and texts of their requests. */
  readonly idempotency: IdempotencyKeys;
  readonly #embedded: EmbeddedOrchestrator;
  readonly #store: Store & { fails: Error | undefined };
  readonly #registry: PortsHost["registry"];
  readonly #announcer = new Announcer();
  readonly #turns = new Map<string, Turn>();
  readonly #listeners = new Map<string, number>();
  /** Agents, by the text that they answer. No two texts are equal. */
  readonly #agents = new Map<string, { puppet: Puppet; hasEnded: boolean }>();
  readonly #leaveBroadcasts: () => void;

  constructor(portsHost: PortsHost, limits: Limits) {
    this.#registry = portsHost.registry;
    const logger = silentLogger;
    this.#store = failingStore(
      openSqliteStore({ dataDir: ":memory:", clock: systemClock, logger, limits, durability: "normal" }),
    );
    const agent = agentOf((run) => {
      const question = run.messages.at(-1)?.chunks.at(-1);
      return this.#agent(question?.type === "text" ? question.text : "").puppet.agent.run(run);
    });
    this.#embedded = createEmbeddedOrchestrator({
      host: portsHost,
      store: this.#store,
      agents: [agent],
      tools: [],
      defaultModel: "test/m",
      clock: systemClock,
      logger,
      limits,
    });
    this.idempotency = this.#embedded.idempotency;
    this.#leaveBroadcasts = this.#embedded.broadcasts.subscribe((broadcast) => this.#announcer.announce(broadcast));
  }

  /** The in-memory store stays open, because a turn that a broken chart left behind may still write to it. */
  close(): void {
    this.#leaveBroadcasts();
    this.#embedded.close();
  }

  // ── the ports ───────────────────────────────────────────────────────────────────────────────────────────────────

  startTurn(request: { conversationId: string; text: string }): StartOutcome {
    return this.#embedded.orchestrator.startTurn(request);
  }

  enqueue(request: { conversationId: string; text: string }): EnqueueOutcome {
    return this.#embedded.orchestrator.enqueue(request);
  }

  cancelQueuedMessage(request: { conversationId: string; messageId: string }) {
    return this.#embedded.orchestrator.cancelQueuedMessage(request);
  }

  subscribe(listener: (broadcast: Broadcast) => void): () => void;
  subscribe(conversationId: string, listener: TurnListener): () => void;
  subscribe(of: string | ((broadcast: Broadcast) => void), listener: TurnListener = () => {}): () => void {
    if (typeof of !== "string") return this.#announcer.subscribe(of);
    this.#listeners.set(of, this.listeners(of) + 1);
    const leave = this.#embedded.orchestrator.subscribe(of, (event) => {
      this.#follow(event);
      listener(event);
    });
    return () => {
      this.#listeners.set(of, this.listeners(of) - 1);
      leave();
    };
  }

  isActive(conversationId: string): boolean {
    return this.#embedded.orchestrator.isActive(conversationId);
  }

  stopTurn(conversationId: string): { abortedTurn: boolean } {
    return this.#embedded.orchestrator.stopTurn(conversationId);
  }

  closeConversation(conversationId: string): { abortedTurn: boolean } {
    return this.#embedded.orchestrator.closeConversation(conversationId);
  }

  // ── what a history commands ─────────────────────────────────────────────────────────────────────────────────────

  /** Makes the store fail, so that turns are refused. A running turn cannot be sealed meanwhile. */
  get refuses(): string | undefined {
    return this.#store.fails?.message;
  }

  set refuses(words: string | undefined) {
    this.#store.fails = words === undefined ? undefined : new StoreError(words);
  }

  waiting(conversationId: string): readonly QueuedMessage[] {
    return this.#embedded.conversations.queue(conversationId);
  }

  turnId(conversationId: string): string | undefined {
    return this.#turns.get(conversationId)?.turnId;
  }

  isTalking(conversationId: string): boolean {
    const turn = this.#turns.get(conversationId);
    if (turn === undefined || turn.isDone) return false;
    const { hasEnded, puppet } = this.#agent(turn.text);
    // The agent runs one event-loop turn after its turn has begun. It cannot emit or take anything before.
    return !hasEnded && puppet.runs.length > 0;
  }

  listeners(conversationId: string): number {
    return this.#listeners.get(conversationId) ?? 0;
  }

  begin(conversationId: string, text: string): void {
    this.startTurn({ conversationId, text });
  }

  open(): void {}

  say(conversationId: string, ...bodies: TurnEventBody[]): void {
    if (this.isTalking(conversationId)) this.#speaker(conversationId)?.puppet.say(...bodies);
  }

  steer(conversationId: string): void {
    const run = this.#speaker(conversationId)?.puppet.runs.at(-1);
    const text = this.isTalking(conversationId) ? run?.drainSteering() : undefined;
    if (text !== undefined) this.say(conversationId, { type: "steering", text });
  }

  finish(conversationId: string, reason: DoneReason, words?: string): void {
    const speaker = this.#speaker(conversationId);
    if (!speaker || !this.isTalking(conversationId)) return;
    speaker.hasEnded = true;
    if (reason === "error") speaker.puppet.fail(new Error(words));
    else speaker.puppet.finish({ reason: reason === "length" ? "length" : "stop" });
  }

  /** Repairs the store. The orchestrator then seals a turn that is done. */
  seal(): void {
    this.refuses = undefined;
  }

  async endTurns(conversationId: string): Promise<void> {
    while (this.isActive(conversationId)) {
      this.finish(conversationId, "stop");
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  announce(broadcast: Broadcast): void {
    this.#announcer.announce(broadcast);
  }

  inSilence(run: () => Promise<void>): Promise<void> {
    return this.#announcer.inSilence(run);
  }

  forget(conversationId: string): void {
    this.#turns.delete(conversationId);
    this.#listeners.delete(conversationId);
  }

  leftovers(): number {
    return this.#registry.count("conversation");
  }

  #agent(question: string): { puppet: Puppet; hasEnded: boolean } {
    const agent = this.#agents.get(question) ?? { puppet: new Puppet(), hasEnded: false };
    this.#agents.set(question, agent);
    return agent;
  }

  #speaker(conversationId: string): { puppet: Puppet; hasEnded: boolean } | undefined {
    const turn = this.#turns.get(conversationId);
    return turn && this.#agent(turn.text);
  }

  /** Every listener gets the same events, so it makes no difference which of them calls this. */
  #follow(event: TurnEvent): void {
    const { type, conversationId, turnId } = event;
    const turn = this.#turns.get(conversationId);
    if (type === "user-message") this.#turns.set(conversationId, { turnId, text: event.text, isDone: false });
    if (type === "done" && turn) turn.isDone = true;
    if (type !== "turn-sealed" || !turn) return;
    this.#turns.delete(conversationId);
    this.#agents.delete(turn.text);
  }
}
