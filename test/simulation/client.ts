// A simulated client of turnwire.v1. It subscribes, resumes after its cursor when it reconnects, and checks every
// received message against the promises of the protocol.
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { StoredChunk } from "../../src/protocol/chunk.ts";
import { isRecord, type Message } from "../support/client/transcript.ts";
import { messagesIn } from "../support/socket.ts";
import { Link } from "./link.ts";

interface KnownTurn {
  text: string;
  /** The client received the turn from its first event on. */
  isWhole: boolean;
  dones: number;
  sealed: boolean;
}

interface View {
  cursor: { epoch: string; seq: number } | undefined;
  /** Subscribe and unsubscribe requests that have no reply yet. */
  unsettled: number;
  /** Does the client watch, according to the last reply? */
  isWatching: boolean;
  /** May the next event have any seq? */
  mayJump: boolean;
  readonly turns: Map<string, KnownTurn>;
}

/** Thrown when the server breaks a promise. */
export class Broken extends Error {
  override name = "Broken";
}

export class SimulatedClient {
  readonly name: string;
  link: Link | undefined;
  isStalled = false;
  readonly views = new Map<string, View>();
  #requests = 0;
  readonly #asked = new Map<string, Record<string, unknown>>();

  constructor(name: string) {
    this.name = name;
  }

  get isConnected(): boolean {
    return this.link !== undefined;
  }

  connect(gateway: Gateway): void {
    const link: Link = new Link({
      heard: (frames) => {
        for (const message of messagesIn(frames)) this.#hear(message);
      },
      ended: () => {
        if (this.link === link) this.link = undefined;
      },
    });
    const listener = gateway.accept(link, { subprotocol: "turnwire.v1" });
    if (!listener) return;
    link.listener = listener;
    this.link = link;
    this.#asked.clear();
    for (const [conversationId, view] of this.views) {
      const watched = view.isWatching || view.unsettled > 0;
      view.unsettled = 0;
      // A new socket watches nothing yet.
      view.isWatching = false;
      if (watched) this.subscribe(conversationId);
    }
  }

  subscribe(conversationId: string): void {
    const view = this.#view(conversationId);
    view.unsettled++;
    this.request({ type: "chat.subscribe", conversationId, ...(view.cursor && { after: view.cursor }) });
  }

  unsubscribe(conversationId: string): void {
    this.#view(conversationId).unsettled++;
    this.request({ type: "chat.unsubscribe", conversationId });
  }

  request(message: Record<string, unknown>): void {
    const id = `r${++this.#requests}`;
    this.#asked.set(id, message);
    this.link?.send({ ...message, id });
  }

  #view(conversationId: string): View {
    let view = this.views.get(conversationId);
    if (!view) {
      view = { cursor: undefined, unsettled: 0, isWatching: false, mayJump: true, turns: new Map() };
      this.views.set(conversationId, view);
    }
    return view;
  }

  #hear(message: Message): void {
    if (message.type === "chat.delta") this.#event(message);
    else if (message.type === "chat.subscribed") this.#verdict(message);
    else if (message.type === "reply") this.#reply(message);
  }

  #reply({ id, ok, error, startedTurn }: Message): void {
    const asked = this.#asked.get(String(id));
    if (!asked) throw new Broken(`${this.name}: a reply to ${id}, which was never requested or is already answered`);
    this.#asked.delete(String(id));
    const view = this.#view(String(asked["conversationId"]));
    // Replies arrive in the order of the requests, so the last one decides.
    if (asked["type"] === "chat.unsubscribe" || asked["type"] === "chat.subscribe") view.unsettled--;
    // A refused request has changed nothing.
    if (asked["type"] === "chat.unsubscribe" && ok === true) {
      view.isWatching = false;
      beginsAnew(view);
    }
    if (asked["type"] === "chat.subscribe" && ok === true) view.isWatching = true;
    // A chat.send also subscribes, if it is accepted or is refused because a turn is running (protocol 1.4).
    const isRunning = isRecord(error) && error["code"] === "turn-running";
    if (asked["type"] === "chat.send" && (ok === true || isRunning)) view.isWatching = true;
    if (asked["type"] === "chat.queue" && startedTurn === true) view.isWatching = true;
  }

  #verdict({ conversationId, epoch, seq, recovered }: Message): void {
    const view = this.#view(String(conversationId));
    if (typeof epoch !== "string" || typeof seq !== "number")
      throw new Broken(`${this.name}: a chat.subscribed without epoch and seq`);
    if (recovered === true && view.cursor && (view.cursor.epoch !== epoch || seq < view.cursor.seq))
      throw new Broken(`${this.name}: recovered at ${epoch} ${seq}, but its cursor is ${JSON.stringify(view.cursor)}`);
    // Without recovery the stream begins anew. A client reads the rest of a partial turn from the history.
    if (recovered !== true) {
      view.cursor = undefined;
      beginsAnew(view);
    }
  }

  #event(message: Message): void {
    const { event, epoch, seq, fromSeq = seq } = message;
    if (!isRecord(event) || typeof epoch !== "string" || typeof seq !== "number" || typeof fromSeq !== "number")
      throw new Broken(`${this.name}: a chat.delta without its event, epoch or seq`);
    const view = this.#view(String(event["conversationId"]));
    if (!view.isWatching && view.unsettled === 0 && !this.#isSending(String(event["conversationId"])))
      throw new Broken(`${this.name}: an event of ${event["conversationId"]}, which it does not watch`);
    const { cursor } = view;
    if (cursor?.epoch === epoch && !view.mayJump && fromSeq !== cursor.seq + 1)
      throw new Broken(`${this.name}: after seq ${cursor.seq} came seq ${fromSeq}`);
    view.mayJump = false;
    view.cursor = { epoch, seq };
    this.#take(view, event);
  }

  /** Is a chat request to this conversation unanswered? Starting a turn also subscribes. */
  #isSending(conversationId: string): boolean {
    for (const asked of this.#asked.values())
      if (asked["conversationId"] === conversationId && String(asked["type"]).startsWith("chat.")) return true;
    return false;
  }

  #take(view: View, event: Record<string, unknown>): void {
    const { type } = event;
    const turnId = String(event["turnId"]);
    let turn = view.turns.get(turnId);
    if (type === "user-message" && turn) throw new Broken(`${this.name}: ${turnId} begins twice`);
    if (!turn) {
      turn = { text: "", isWhole: type === "user-message", dones: 0, sealed: false };
      view.turns.set(turnId, turn);
    }
    if (turn.sealed) throw new Broken(`${this.name}: ${String(type)} after the turn-sealed of ${turnId}`);
    if (turn.dones > 0 && type !== "turn-sealed")
      throw new Broken(`${this.name}: ${String(type)} after the done of ${turnId}`);
    if (type === "text-delta") turn.text += String(event["delta"]);
    else if (type === "done") turn.dones++;
    else if (type === "turn-sealed") {
      if (turn.dones !== 1) throw new Broken(`${this.name}: ${turnId} is sealed after ${turn.dones} done events`);
      turn.sealed = true;
    }
  }

  /** Checks that the turns which the client received completely have the text that is stored. */
  agreesWith(conversationId: string, chunks: readonly StoredChunk[]): void {
    const stored = new Map<string, string>();
    for (const { turnId, role, chunk } of chunks)
      if (role === "assistant" && chunk.type === "text" && turnId !== undefined)
        stored.set(turnId, `${stored.get(turnId) ?? ""}${chunk.text}`);
    for (const [turnId, turn] of this.views.get(conversationId)?.turns ?? []) {
      if (!turn.sealed || !turn.isWhole) continue;
      const text = stored.get(turnId) ?? "";
      if (text !== turn.text)
        throw new Broken(
          `${this.name}: received ${turn.text.length} characters of ${turnId}, but ${text.length} are stored`,
        );
    }
  }
}

/** The next event may have any seq. Forgets partial turns: they come again, or are in the history. */
function beginsAnew(view: View): void {
  view.mayJump = true;
  for (const [turnId, turn] of view.turns) if (!turn.sealed) view.turns.delete(turnId);
}
