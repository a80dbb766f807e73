// The fixture for the paths of connections and surfaces: a gateway on a real port with small windows and a leaping
// clock, scripted parts behind it, and steered peers, each with the events that it should have received. It fails at
// the end of a path if the server has logged a defect that the player did not provoke.
import * as assert from "uvu/assert";
import type { AnyActorRef } from "xstate";
import type { Connection } from "../../../src/connections/connection.ts";
import type { Watch } from "../../../src/streams/watches.ts";
import { noLargerThan } from "../../support/bounds.ts";
import { isMessage, type Message } from "../../support/client/transcript.ts";
import type { Client } from "../../support/client.ts";
import { type BareGateway, withGateway } from "../../support/gateway.ts";
import { limits } from "../../support/limits.ts";
import type { ScriptedSurface } from "../../support/scripted-surfaces.ts";
import type { Coverage } from "../coverage.ts";
import { LeapingClock } from "./leaping-clock.ts";
import { comesTo, rest, soon } from "./soon.ts";
import { SteeredPeer } from "./steered-peer.ts";

/** The conversation that the models share. */
export const conversationId = "c";

const KiB = 1024;
const windows = noLargerThan({
  sweepIntervalMs: 5,
  pingEveryBytes: 1 * KiB,
  outstandingBytesMax: 8 * KiB,
  outstandingBytesMin: 4 * KiB,
  catchUpSliceBytes: 2 * KiB,
});

/** The reply that refuses a second turn. */
export const turnRunning = {
  type: "chat.error",
  conversationId,
  message: "a turn is already generating for this conversation",
};

/** The part of an actor that a player reads. */
interface Readable {
  getSnapshot(): { value: unknown };
}

export class Stage {
  readonly bare: BareGateway;
  readonly clock: LeapingClock;
  /** Every event of the conversation that the orchestrator has emitted. */
  readonly emitted: unknown[] = [];
  /** The kind of actor of each provoked defect. The server must log exactly these. */
  readonly provoked: string[] = [];
  /** The stage's own listeners at the orchestrator. */
  readonly listeners = 1;
  readonly #actors: AnyActorRef[] = [];
  readonly #stopListening: () => void;
  readonly #peers: SteeredPeer[] = [];
  readonly #clients: Client[] = [];
  #said = 0;

  constructor(bare: BareGateway, clock: LeapingClock) {
    this.bare = bare;
    this.clock = clock;
    bare.gateway.root.system.inspect((inspection) => {
      if (inspection.type === "@xstate.actor" && isActor(inspection.actorRef)) this.#actors.push(inspection.actorRef);
    });
    this.#stopListening = bare.orchestrator.listen(conversationId, (event) => this.emitted.push(event));
  }

  /** The states of a chart's active actors. */
  actors(chart: string): unknown[] {
    const living = this.#actors.filter((actor) => actor.id === chart && actor.getSnapshot().status === "active");
    return living.map((actor) => actor.getSnapshot().value);
  }

  /** Opens a socket, and finds the server's entry for it. */
  async connect(): Promise<Socket> {
    const before = this.bare.gateway.connections.serial;
    const peer = await SteeredPeer.open(this.bare.url);
    this.#peers.push(peer);
    const entry = [...this.bare.gateway.connections.all()].find((connection) => connection.serial > before);
    if (!entry) throw new Error("the gateway has no entry for the newest socket");
    return new Socket(this, peer, entry);
  }

  /** An ordinary client. */
  async join(): Promise<Client> {
    const client = await this.bare.join();
    this.#clients.push(client);
    return client;
  }

  /** Emits a new text in the running turn, and returns that text. */
  speak(characters = 24): string {
    const words = `word ${++this.#said} `.padEnd(characters, ".");
    this.bare.orchestrator.say(conversationId, words);
    return words;
  }

  beginTurn(): void {
    this.bare.orchestrator.emit(conversationId, { type: "user-message", text: "?" }, { type: "turn-start" });
  }

  get isRunning(): boolean {
    return this.bare.orchestrator.running.has(conversationId);
  }

  /** The index in `emitted` of the running turn's first event; the end of `emitted` when there is none. */
  get startOfTurn(): number {
    const turnId = this.bare.orchestrator.running.get(conversationId)?.turnId;
    const at = this.emitted.findIndex((event) => isMessage(event) && event["turnId"] === turnId);
    return turnId === undefined || at < 0 ? this.emitted.length : at;
  }

  /** Closes all sockets, and asserts that no actor is left and that only the provoked defects were logged. */
  async end(): Promise<void> {
    for (const peer of this.#peers) peer.vanish();
    for (const client of this.#clients) client.kill();
    await soon(() => this.bare.gateway.connections.size === 0, "the sockets of the path to be released");
    if (this.isRunning) this.bare.orchestrator.end(conversationId);
    this.#stopListening();
    const kinds = ["connection", "watch", "surface"];
    await comesTo(() => kinds.flatMap((kind) => this.actors(kind)), [], "actors that are left behind");
    const counts = kinds.map((kind) => this.bare.gateway.actors.count(kind));
    assert.equal(counts, [0, 0, 0], `what the registry counts of ${kinds.join(", ")}`);
    const defects = this.bare.host.lines.filter((line) => line.level === "error").map((line) => line.message);
    assert.equal(
      defects,
      this.provoked.map((kind) => `${kind}: defect`),
      "the defects logged",
    );
    assert.is(this.bare.gateway.root.getSnapshot().status, "active", "the gateway has survived");
  }
}

/** One socket: the peer that the player steers, and the server's entry and actors for it. */
export class Socket {
  readonly stage: Stage;
  readonly peer: SteeredPeer;
  readonly entry: Connection;
  /** Where its subscription begins in `emitted` and in `received`; undefined while it is not subscribed. */
  #following: { emittedFrom: number; receivedFrom: number } | undefined;
  #deltasAtEnd = 0;

  constructor(stage: Stage, peer: SteeredPeer, entry: Connection) {
    this.stage = stage;
    this.peer = peer;
    this.entry = entry;
  }

  // ── the server's side ──

  get value(): unknown {
    return stateOf(this.entry.actor);
  }

  get watch(): Watch | undefined {
    return this.entry.watches.get(conversationId);
  }

  /** The state of one region of the open connection, such as `open.flow`; undefined when it is not open. */
  region(name: "flow" | "chatTurn"): unknown {
    return at(this.value, "open", name);
  }

  get watchState(): unknown {
    return stateOf(this.watch?.actor);
  }

  // ── what the peer receives ──

  /** Begins a subscription: the peer should receive the running turn from its first event, and all later events. */
  follows(): void {
    this.#following ??= { emittedFrom: this.stage.startOfTurn, receivedFrom: this.peer.received.length };
  }

  /** Ends the subscription. Once the server has handled the unsubscribe, the peer should receive nothing more. */
  stopsFollowing(): void {
    this.#following = undefined;
    this.#deltasAtEnd = this.peer.count("chat.delta");
  }

  get isFollowing(): boolean {
    return this.#following !== undefined;
  }

  /** `due` is what the peer should have received, `got` what it has: one line each, with adjacent text joined. */
  get due(): string {
    const { emittedFrom } = this.#following ?? { emittedFrom: this.stage.emitted.length };
    return told(this.stage.emitted.slice(emittedFrom).filter(isMessage));
  }

  get got(): string {
    const { receivedFrom } = this.#following ?? { receivedFrom: this.peer.received.length };
    return told(eventsWithoutHole(this.peer.received.slice(receivedFrom)));
  }

  /** Waits until the peer has received every event, in order and once. */
  async isUpToDate(): Promise<void> {
    await comesTo(() => this.got, this.due, "what the socket was told of the conversation");
  }

  /** Asserts that the peer receives nothing now, and that it has received the beginning of what is due. */
  async isTold(nothing: "nothing"): Promise<void> {
    const before = this.peer.count("chat.delta");
    await this.peer.barrier();
    await rest();
    assert.is(this.peer.count("chat.delta"), before, `the peer received deltas: it should receive ${nothing}`);
    if (this.isFollowing) assert.ok(this.due.startsWith(this.got), `it received ${this.got}, and not ${this.due}`);
    else assert.is(before, this.#deltasAtEnd, "deltas came after the server had handled the unsubscribe");
  }

  // ── what the peer does ──

  /**
   * Withholds its pongs and provokes writes, with requests whose refusals are long, until the server finds the socket
   * congested.
   */
  async stalls(): Promise<void> {
    this.peer.withholdPongs();
    const surfaceId = "€".repeat(limits.idCharactersMax);
    for (let request = 0; !this.entry.writer.congested; request++) {
      if (request > 100) throw new Error("the socket does not become congested");
      this.peer.send({ type: "subscribe", surfaceId });
      const refused = await this.peer.next("error");
      assert.equal(refused, { type: "error", surfaceId, message: `Unknown surface: ${surfaceId}` });
    }
  }

  recovers(): void {
    this.peer.givePongs();
  }
}

/** The conversation's events among these messages. @throws Error when a seq is missing or repeated. */
function eventsWithoutHole(messages: readonly Message[]): Message[] {
  let last: { epoch: unknown; seq: number } | undefined;
  const events: Message[] = [];
  for (const { type, event, epoch, seq, fromSeq = seq } of messages) {
    if (type !== "chat.delta" || !isMessage(event) || event["conversationId"] !== conversationId) continue;
    if (last && last.epoch === epoch && fromSeq !== last.seq + 1)
      throw new Error(`after seq ${last.seq} came ${String(fromSeq)}: ${JSON.stringify(event).slice(0, 200)}`);
    last = { epoch, seq: Number(seq) };
    events.push(event);
  }
  return events;
}

/** A turn's events in one line: text verbatim, every other event by its type. */
function told(events: readonly Message[]): string {
  return events
    .map((event) => {
      if (event.type === "text-delta") return String(event["delta"]);
      return event.type === "done" ? `‹done ${String(event["reason"])}›` : `‹${event.type}›`;
    })
    .join("");
}

const isActor = (ref: object): ref is AnyActorRef => "getSnapshot" in ref && "id" in ref;

export function stateOf(actor: Readable | undefined): unknown {
  return actor?.getSnapshot().value;
}

function at(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const name of path) found = typeof found === "object" && found !== null ? Reflect.get(found, name) : undefined;
  return found;
}

/** Runs one path on a stage of its own. Transitions taken there count in the coverage. */
export async function onStage(
  coverage: Coverage,
  surfaces: ScriptedSurface[],
  run: (stage: Stage) => Promise<void>,
): Promise<void> {
  const clock = new LeapingClock();
  await withGateway({ surfaces, clock, limits: windows }, async (bare) => {
    const detach = coverage.attach(bare.gateway.root.system);
    const stage = new Stage(bare, clock);
    try {
      await run(stage);
    } finally {
      await stage.end();
      detach();
    }
  });
}
