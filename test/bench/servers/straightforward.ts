// The same protocol in its usual implementation, shared by the baselines: rooms, a list of the turn's messages for late
// joiners, and one send per message and socket. It must do no needless work, because any waste would flatter turnwire.
import { randomUUID } from "node:crypto";
import type { Stage } from "./stage.ts";

/** How a library sends. Encoded is the type of message that it sends. */
export interface Wire<Client, Encoded> {
  encode(message: object): Encoded;
  send(client: Client, message: Encoded): void;
  join(client: Client, room: string): void;
  leave(client: Client, room: string): void;
  publish(room: string, message: Encoded): void;
  everyone(message: Encoded): void;
}

interface Request {
  type: string;
  conversationId?: string;
  message?: string;
  surfaceId?: string;
  after?: { epoch: string; seq: number };
}

interface Conversation<Encoded> {
  epoch: string;
  /** Every message of the current turn. The first has seq 1. */
  log: Encoded[];
}

const surfaceId = "bench";

export class Straightforward<Client, Encoded> {
  readonly #wire: Wire<Client, Encoded>;
  readonly #stage: Stage;
  readonly #conversations = new Map<string, Conversation<Encoded>>();
  #value = "";
  sockets = 0;
  watches = 0;

  constructor(wire: Wire<Client, Encoded>, stage: Stage) {
    this.#wire = wire;
    this.#stage = stage;
  }

  opened(client: Client): void {
    this.sockets++;
    const catalog = [{ id: surfaceId, region: "bench", title: "Bench" }];
    this.#wire.send(client, this.#wire.encode({ type: "catalog", catalog }));
  }

  /** Removes a client that had joined `rooms` rooms. */
  closed(rooms: number): void {
    this.sockets--;
    this.watches -= rooms;
  }

  message(client: Client, { type, conversationId = randomUUID(), message = "", after }: Request): void {
    const wire = this.#wire;
    if (type === "ping") wire.send(client, wire.encode({ type: "pong" }));
    else if (type === "chat.subscribe") {
      this.#watch(client, conversationId);
      this.#replay(client, conversationId, after);
    } else if (type === "chat.unsubscribe") {
      this.watches--;
      wire.leave(client, conversationId);
    } else if (type === "chat.send") {
      this.#watch(client, conversationId);
      void this.#turn(conversationId, message);
    } else if (type === "subscribe") {
      this.#watch(client, surfaceId);
      wire.send(client, wire.encode({ type: "surface", spec: this.#spec() }));
    }
  }

  broadcast(piece: string): void {
    this.#wire.everyone(this.#wire.encode({ type: "conversation.open", conversationId: "bench", workspaceId: piece }));
  }

  change(piece: string): void {
    this.#value = piece;
    this.#wire.publish(surfaceId, this.#wire.encode({ type: "update", update: { surfaceId, spec: this.#spec() } }));
  }

  #watch(client: Client, room: string): void {
    this.watches++;
    this.#wire.join(client, room);
  }

  #spec(): object {
    return benchSpec(this.#value);
  }

  #conversation(id: string): Conversation<Encoded> {
    let conversation = this.#conversations.get(id);
    if (!conversation) {
      conversation = { epoch: randomUUID(), log: [] };
      this.#conversations.set(id, conversation);
    }
    return conversation;
  }

  #replay(client: Client, conversationId: string, after: Request["after"]): void {
    const wire = this.#wire;
    const { epoch, log } = this.#conversation(conversationId);
    const from = after?.epoch === epoch ? after.seq : 0;
    if (after) {
      const recovered = after.epoch === epoch;
      wire.send(client, wire.encode({ type: "chat.subscribed", conversationId, epoch, seq: log.length, recovered }));
    }
    for (let index = from; index < log.length; index++) {
      const encoded = log[index];
      if (encoded !== undefined) wire.send(client, encoded);
    }
  }

  async #turn(conversationId: string, prompt: string): Promise<void> {
    const turnId = randomUUID();
    const conversation = this.#conversation(conversationId);
    conversation.log = [];
    const { epoch, log } = conversation;
    const emit = (type: string, rest: object): void => {
      const event = { type, conversationId, turnId, ...rest };
      const encoded = this.#wire.encode({ type: "chat.delta", event, epoch, seq: log.length + 1 });
      log.push(encoded);
      this.#wire.publish(conversationId, encoded);
    };
    const status = (name: string): void =>
      this.#wire.everyone(
        this.#wire.encode({
          type: "conversation.statusChanged",
          conversationId,
          status: name,
          workspaceId: "default",
        }),
      );
    status("active");
    emit("user-message", { text: prompt });
    emit("turn-start", {});
    for await (const delta of this.#stage.turn(prompt)) emit("text-delta", { delta });
    emit("done", { reason: "stop" });
    emit("turn-sealed", { latestSeq: 2 });
    status("idle");
  }
}

/** The changing surface, the same on all servers. */
export const benchSpec = (value: string) => ({
  id: surfaceId,
  region: "bench",
  title: "Bench",
  fields: [
    { kind: "stat" as const, label: "Value", value },
    { kind: "progress" as const, label: "Progress", value: 0.5 },
    { kind: "button" as const, label: "Stop", action: { actionId: "stop" } },
  ],
});
