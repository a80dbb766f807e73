// One path of the turn model on a running server: what the agent has said so far, and which part of it the client must
// have received and the store must hold. It must never derive an expectation from what the server says.
import * as assert from "uvu/assert";
import type { AnyActorRef, StateValue } from "xstate";
import type { AgentEvent } from "../../../../src/ports/agent.ts";
import type { StoredChunk } from "../../../../src/protocol/chunk.ts";
import type { Client, DeltaEvent } from "../../../support/client.ts";
import { found, type Puppet } from "../../../support/orchestrator-fixture.ts";
import { fixtureLimits, type ModelServer, type Puppets, snapshotOf } from "../../fixtures.ts";
import { soon } from "../soon.ts";
import { comes, surfaceSeenBy } from "../wire.ts";

/** An event that must come, without the ids of its conversation and turn. */
type Expected = Record<string, unknown> & { type: string };

export class TurnVisit {
  readonly id: string;
  readonly server: ModelServer;
  readonly person: Client;
  readonly puppet: Puppet;
  readonly turnId: string;
  isDown = false;
  isClosed = false;
  readonly #turn: AnyActorRef;
  readonly #expected: Expected[] = [];
  /** The history, one line per chunk. `#step` is the current step, which is not history yet. */
  readonly #stored: string[] = [];
  #step: { said: string[]; results: string[] } = { said: [], results: [] };
  /** How many results the step had at its last text. */
  #resultsBefore = 0;
  #openCalls: string[] = [];
  /** How many of the expected events the client gets; undefined: all. */
  #heard: number | undefined;
  #words = 0;
  #steps = 0;

  private constructor(server: ModelServer, person: Client, puppet: Puppet, id: string, turnId: string) {
    this.server = server;
    this.person = person;
    this.puppet = puppet;
    this.id = id;
    this.turnId = turnId;
    this.#turn = found(server.actorOf("turn", id));
  }

  /** Requests a turn. Its agent has not said anything yet. */
  static async begin(server: ModelServer, puppets: Puppets, id: string): Promise<TurnVisit> {
    const person = await server.join();
    const runs = puppets.all.length;
    person.send({ type: "subscribe", surfaceId: "conversation", conversationId: id });
    await person.next("surface");
    person.send({ type: "chat.send", conversationId: id, message: "go" });
    const { turnId } = await person.nextEvent(id, "turn-start");
    const visit = new TurnVisit(server, person, await puppets.after(runs), id, turnId);
    visit.expects({ type: "user-message", text: "go" }, { type: "turn-start" });
    visit.#stored.push("user text go");
    return visit;
  }

  // ── what the agent says ─────────────────────────────────────────────────────────────────────────────────────────

  nextWord(): string {
    return `word ${++this.#words} `;
  }

  says(event: AgentEvent): void {
    this.puppet.say(event);
    this.expects(event);
  }

  callsTool(): void {
    const toolCallId = `call ${++this.#words}`;
    this.#openCalls.push(toolCallId);
    this.says({ type: "tool-call", stepId: this.#stepId, toolCallId, toolName: "look", input: { at: toolCallId } });
  }

  /** The oldest open tool call returns. */
  toolReturns(): void {
    const toolCallId = found(this.#openCalls.shift());
    this.says({ type: "tool-output", toolCallId, data: "seen", stream: "stdout" });
    const { stepId, isError } = { stepId: this.#stepId, isError: false };
    this.says({ type: "tool-result", stepId, toolCallId, toolName: "look", content: this.nextWord(), isError });
  }

  completesStep(): void {
    const stepId = this.#stepId;
    this.says({ type: "usage", stepId, usage: { inputTokens: 3, outputTokens: 4 } });
    this.says({ type: "step-complete", stepId, ttftMs: 1 });
    this.#openCalls = [];
    this.#steps++;
  }

  get #stepId(): string {
    return `step ${this.#steps + 1}`;
  }

  /** The watchdog checks the turn. */
  isChecked(): void {
    const { clock } = this.server;
    assert.is(clock.elapse(fixtureLimits.turnCheckMs), 1, "one check of the running turns is scheduled");
  }

  /** The only watcher leaves, and hears no more of the conversation. */
  async isLeft(): Promise<void> {
    this.person.send({ type: "chat.unsubscribe", conversationId: this.id });
    await this.person.barrier();
    this.#heard = this.#expected.length;
  }

  // ── what the client must receive ────────────────────────────────────────────────────────────────────────────────

  expects(...events: Expected[]): void {
    for (const event of events) {
      this.#expected.push(event);
      this.#records(event);
    }
  }

  expectsSeal(): void {
    this.#flushStep();
    this.expects({ type: "turn-sealed", latestSeq: this.#stored.length });
  }

  /** How an event enters the history: for each step, first texts and tool calls, then the results of the tools. */
  #records(event: Expected): void {
    const { said, results } = this.#step;
    if (event.type === "text-delta" || event.type === "reasoning-delta") {
      const kind = event.type === "text-delta" ? "assistant text " : "assistant thinking ";
      const last = said.at(-1);
      // A delta continues the last text unless something of another kind came in between.
      const goesOn = last?.startsWith(kind) && results.length === this.#resultsBefore;
      said.push(`${goesOn ? said.pop() : kind}${String(event["delta"])}`);
      this.#resultsBefore = results.length;
    } else if (event.type === "tool-call") said.push(`assistant tool-call ${String(event["toolCallId"])}`);
    else if (event.type === "tool-result") results.push(`tool tool-result ${String(event["content"])}`);
    else if (event.type === "error") said.push(`assistant error ${String(event["message"])}`);
    else if (event.type === "step-complete") this.#flushStep();
    else if (event.type === "steering") {
      this.#flushStep();
      this.#stored.push(`user text ${String(event["text"])}`);
    }
  }

  #flushStep(): void {
    this.#stored.push(...this.#step.said, ...this.#step.results);
    this.#step = { said: [], results: [] };
    this.#resultsBefore = 0;
  }

  get isUnwatched(): boolean {
    return this.#heard !== undefined;
  }

  /** Nobody watches and nothing runs: the conversation's actor has ended. */
  async isGone(): Promise<void> {
    const { server, id } = this;
    const isGone = (): boolean => (["conversation", "turn"] as const).every((chart) => !server.actorOf(chart, id));
    await soon(isGone, "the actors of a conversation that nobody watches to end");
  }

  async hasHeardAll(): Promise<void> {
    const heard = (): unknown => joined(this.person.transcript(this.id).events.map(withoutIds));
    await comes(this.person, heard, joined(this.#expected.slice(0, this.#heard)), "the events of the turn");
  }

  /** Waits until the conversation's surface shows this state. */
  async showsState(inWords: string): Promise<void> {
    const state = (): unknown =>
      surfaceSeenBy(this.person, "conversation").find(({ label }) => label === "State")?.["value"];
    await comes(this.person, state, inWords, "the conversation's surface");
  }

  actorsAre(conversation: StateValue, turn: StateValue | undefined): void {
    const value = (chart: "conversation" | "turn"): StateValue | undefined => {
      const actor = this.server.actorOf(chart, this.id);
      return actor && snapshotOf(actor).value;
    };
    assert.equal({ conversation: value("conversation"), turn: value("turn") }, { conversation, turn });
  }

  /** Asserts that the turn's actor has ended in this state and with this output. */
  hasEnded(how: StateValue, output: unknown): void {
    const { value, status, output: given } = snapshotOf(this.#turn);
    assert.equal({ value, status, output: given }, { value: how, status: "done", output });
  }

  async isStored(): Promise<void> {
    const response = await fetch(`${this.server.httpUrl}/conversations/${this.id}`);
    const { chunks } = (await response.json()) as { chunks: StoredChunk[] };
    assert.equal(chunks.map(lineOf), this.#stored);
    const done = this.#expected.find(({ type }) => type === "done");
    assert.is(this.server.store.turn(this.turnId)?.reason, done?.["reason"]);
    const usage = { inputTokens: 3 * this.#steps, outputTokens: 4 * this.#steps };
    assert.equal(this.server.store.turn(this.turnId)?.usage, this.#steps === 0 ? null : usage);
  }
}

function lineOf({ role, chunk }: StoredChunk): string {
  switch (chunk.type) {
    case "text":
    case "thinking":
    case "system":
      return `${role} ${chunk.type} ${chunk.text}`;
    case "tool-call":
      return `${role} tool-call ${chunk.toolCallId}`;
    case "tool-result":
      return `${role} tool-result ${chunk.content}`;
    case "error":
      return `${role} error ${chunk.message}`;
    case "image":
      return `${role} image ${chunk.url}`;
  }
}

/** Joins adjacent deltas of one kind: they may come joined (protocol 1.5.1). Omits times, which are unpredictable. */
function joined(events: Expected[]): Expected[] {
  const all: Expected[] = [];
  for (const event of events) {
    const last = all.at(-1);
    if (last?.type === event.type && typeof last["delta"] === "string" && typeof event["delta"] === "string")
      last["delta"] = `${last["delta"]}${event["delta"]}`;
    else if (event.type === "done") all.push({ type: event.type, reason: event["reason"] });
    else all.push({ ...event });
  }
  return all;
}

function withoutIds({ conversationId, turnId, ...event }: DeltaEvent): Expected {
  assert.is(typeof conversationId, typeof turnId);
  return event;
}
