// One path of the conversation model on a running server: the model's state, the expected story, and what the clients
// and the server's own actors say. It must never assert anything before the server has had the time to say it.
import * as assert from "uvu/assert";
import { initialTransition, type SnapshotFrom, type StateValue, transition } from "xstate";
import { openSqliteStore } from "../../../../src/embedded/sqlite-store.ts";
import { silentLogger } from "../../../../src/ports/logger.ts";
import { type Store, StoreError } from "../../../../src/ports/store.ts";
import type { StoredChunk } from "../../../../src/protocol/chunk.ts";
import { budgets } from "../../../budgets.ts";
import { transcriptOf } from "../../../support/client/transcript.ts";
import type { Client, Message } from "../../../support/client.ts";
import { limits } from "../../../support/limits.ts";
import type { Puppet } from "../../../support/orchestrator-fixture.ts";
import { systemClock } from "../../../support/system-clock.ts";
import { fixtureLimits, type ModelServer, openServer, type Puppets, snapshotOf } from "../../fixtures.ts";
import { type ConversationFacts, type ConversationModelEvent, conversationModel } from "../../models/conversation.ts";
import { type Left, onlyProvoked } from "../servers.ts";
import { soon } from "../soon.ts";
import { comes, isSpec, queueSeenBy } from "../wire.ts";
import { linesOf, Story } from "./story.ts";

export const fullDisk = new StoreError("the disk is full");
/** The reason that the server gives while it is set to refuse new turns. */
export const refusesTurns = "this server takes no new turns at the moment";

export interface HttpAnswer {
  status: number;
  body: unknown;
}

type Model = SnapshotFrom<typeof conversationModel>;

export class Visit {
  readonly id: string;
  readonly story = new Story();
  readonly puppets: Puppets;
  readonly #attach: Parameters<typeof openServer>[0]["attach"];
  /** Undefined while the server is down. */
  #up: { server: ModelServer; person: Client; onlooker: Client } | undefined;
  #model: Model = initialTransition(conversationModel)[0];
  /** Where the person's newest subscription begins among the received messages. */
  watchedSince = 0;
  /** The data directory that the server left behind when it went down. */
  #dataDir = "";
  #texts = 0;
  /** The number of provoked defects. The server must log each of them, and no other error. */
  defects = 0;
  /** The answer to a compaction that is under way. */
  compaction: Promise<HttpAnswer> | undefined;

  constructor(id: string, puppets: Puppets, attach: Parameters<typeof openServer>[0]["attach"]) {
    this.id = id;
    this.puppets = puppets;
    this.#attach = attach;
  }

  // ── the model ───────────────────────────────────────────────────────────────────────────────────────────────────

  get signals(): ConversationFacts {
    return this.#model.context;
  }

  is(state: StateValue): boolean {
    return this.#model.matches(state as Parameters<Model["matches"]>[0]);
  }

  advance(event: ConversationModelEvent): void {
    this.#model = transition(conversationModel, this.#model, event)[0];
  }

  get isResting(): boolean {
    return this.is({ up: "resting" }) || this.is({ mended: "resting" });
  }

  get isGenerating(): boolean {
    return this.is({ up: "generating" }) || this.is({ mended: "generating" });
  }

  /** The conversation's status, as the server must announce it. */
  get status(): string {
    if (this.isGenerating || ["stopping", "sealing", "recovering"].some((state) => this.is({ up: state })))
      return "active";
    if (this.signals.closed) return "closed";
    return this.signals.waits ? "queued" : "idle";
  }

  // ── the server and its clients ──────────────────────────────────────────────────────────────────────────────────

  get server(): ModelServer {
    return this.#there.server;
  }

  /** The client that sends the requests, and may watch. */
  get person(): Client {
    return this.#there.person;
  }

  /** The client that receives the broadcasts and the surfaces, and never watches. */
  get onlooker(): Client {
    return this.#there.onlooker;
  }

  get #there(): { server: ModelServer; person: Client; onlooker: Client } {
    if (!this.#up) throw new Error("the server is down");
    return this.#up;
  }

  /** What the path leaves behind. */
  left(): Left {
    if (!this.#up) return "down";
    const { server } = this.#up;
    return { server, conversationId: this.id, defects: this.defects };
  }

  async enter(server: ModelServer): Promise<void> {
    const person = await server.join();
    const onlooker = await server.join();
    this.#up = { server, person, onlooker };
    this.watchedSince = 0;
    for (const surfaceId of ["message-queue", "conversation"]) {
      onlooker.send({ type: "subscribe", surfaceId, conversationId: this.id });
      await onlooker.next((message) => message.type === "surface" && isSpec(message["spec"], surfaceId));
    }
  }

  async startServer(): Promise<void> {
    const fails = this.signals.diskIsFull ? fullDisk : undefined;
    const dataDir = this.#dataDir;
    await this.enter(await openServer({ dataDir, puppets: this.puppets, fails, attach: this.#attach }));
  }

  isDown(dataDir: string): void {
    onlyProvoked(this.server, this.defects);
    this.defects = 0;
    this.#dataDir = dataDir;
    this.#up = undefined;
  }

  /** Ends the current server, because the path has failed. */
  async endServer(): Promise<void> {
    await this.#up?.server.end();
  }

  /** Runs with the store that the server has left behind. */
  withStoreLeft(run: (store: Store) => void): void {
    const dataDir = this.#dataDir;
    const store = openSqliteStore({ dataDir, clock: systemClock, logger: silentLogger, limits, durability: "normal" });
    try {
      run(store);
    } finally {
      store.close();
    }
  }

  // ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────

  nextText(): string {
    this.#texts++;
    return `text ${this.#texts}`;
  }

  tell(message: Message): void {
    this.person.send({ conversationId: this.id, ...message });
  }

  async refused(reason: string): Promise<void> {
    assert.equal(await this.person.next("chat.error"), {
      type: "chat.error",
      conversationId: this.id,
      message: reason,
    });
  }

  async http(method: string, path = "", body?: unknown): Promise<HttpAnswer> {
    const response = await fetch(`${this.server.httpUrl}/conversations/${encodeURIComponent(this.id)}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      signal: AbortSignal.timeout(budgets.awaitMs),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Messages from here on belong to a new subscription, or to none. */
  looksAnew(): void {
    this.watchedSince = this.person.received.length;
  }

  // ── what the server has sent ────────────────────────────────────────────────────────────────────────────────────

  /** A turn has begun: waits for its agent's run, and lets the agent's first words reach the journal. */
  async begins(asked: string | undefined, runsBefore: number): Promise<void> {
    const puppet = await this.puppets.after(runsBefore);
    const said = `answer ${this.puppets.all.length}`;
    puppet.say({ type: "text-delta", delta: said });
    await soon(() => this.server.clock.elapse(fixtureLimits.journalIntervalMs) > 0, "the journal's interval");
    this.story.begins(asked, said);
  }

  get puppet(): Puppet {
    const puppet = this.puppets.all.at(-1);
    if (!puppet) throw new Error("no agent has been run");
    return puppet;
  }

  /** Waits until the server has handled all messages, and every expected event, broadcast and update has come. */
  async settle(): Promise<void> {
    this.story.hasStatus(this.status);
    await Promise.all([this.person.barrier(), this.onlooker.barrier()]);
    await comes(this.person, () => this.seen(), this.story.shown(), "the turns that the person sees");
    await comes(this.onlooker, () => this.#broadcast(), this.story.broadcast, "the statuses announced");
    const queue = this.story.waiting === undefined ? [] : [this.story.waiting];
    await comes(this.onlooker, () => queueSeenBy(this.onlooker).map(({ text }) => text), queue, "the queue surface");
  }

  /** The turns of the person's newest subscription, in the story's format. */
  seen(): string[] {
    return linesOf(transcriptOf(this.person.received.slice(this.watchedSince), this.id));
  }

  #broadcast(): unknown[] {
    const isBroadcast = ({ type, conversationId }: Message): boolean =>
      type === "conversation.statusChanged" && conversationId === this.id;
    return this.onlooker.received.filter(isBroadcast).map(({ status }) => status);
  }

  /** Asserts the states of the server's own actors: the conversation's, and its turn's. */
  async actorsAre(conversation: StateValue | undefined, turn?: StateValue): Promise<void> {
    const value = (chart: "conversation" | "turn"): StateValue | undefined => {
      const actor = this.server.actorOf(chart, this.id);
      return actor && snapshotOf(actor).value;
    };
    // The gateway releases a conversation without watchers in a separate loop turn.
    if (conversation === undefined) await soon(() => value("conversation") === undefined, "the actor to go");
    assert.equal({ conversation: value("conversation"), turn: value("turn") }, { conversation, turn });
  }
}

/** A stored chunk in the story's format. */
export function lineOf({ role, chunk }: Pick<StoredChunk, "role" | "chunk">): string {
  if ("text" in chunk) return `${role}: ${chunk.text}`;
  return chunk.type === "error" ? `${role}: ${chunk.message}` : `${role}: ${chunk.type}`;
}
