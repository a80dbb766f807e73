// One user of one conversation, for as long as the server lives. Sends, queues, cancels, withdraws and compacts as fast
// as the replies arrive, and records what the server promises.

import { isRecord, type Message } from "../support/client/transcript.ts";
import { type Client, connect } from "../support/client.ts";
import type { Dice } from "../support/dice.ts";
import { ask } from "../support/system-http.ts";
import type { Ledger, Posted } from "./ledger.ts";

export interface UserOptions {
  conversationId: string;
  server: { wsUrl: string; httpUrl: string };
  dice: Dice;
  ledger: Ledger;
}

const pauseMs = 5;
/** How long to wait for a reply. A server that is being killed leaves requests unanswered. */
const answerMs = 5_000;

export class User {
  readonly #options: UserOptions;
  readonly #client: Client;
  readonly #waiting = new Map<string, (message: Message | undefined) => void>();
  /** Queued texts that can be withdrawn, because they are not known to be gone. */
  #queued: Posted[] = [];
  isRunning = false;
  #turnsSealed = 0;
  /** When the last requests were sent. Each was sent after the reply to the one before. */
  #sentAt: number[] = [];

  private constructor(options: UserOptions, client: Client) {
    this.#options = options;
    this.#client = client;
    client.onMessage = (message) => this.#hear(message);
    void client.closed.then(() => {
      for (const give of this.#waiting.values()) give(undefined);
    });
  }

  static async arrive(options: UserOptions): Promise<User> {
    const client = await connect(options.server.wsUrl, { protocols: ["turnwire.v1"] });
    const user = new User(options, client);
    await user.#request({ type: "chat.subscribe", conversationId: options.conversationId });
    return user;
  }

  /** Acts until the server is gone. */
  async live(): Promise<void> {
    const { dice } = this.#options;
    while (!this.#client.isClosed) {
      if (!this.isRunning && dice.chance(0.12) && this.#turnsSealed > 1) await this.#compact();
      else if (!this.isRunning || dice.chance(0.2)) await this.#post("chat.send");
      else if (dice.chance(0.5)) await this.#post("chat.queue");
      else if (dice.chance(0.4)) await this.#withdraw();
      else if (dice.chance(0.3)) await this.#cancel();
      await new Promise((resolve) => setTimeout(resolve, dice.between(0, 4 * pauseMs)));
    }
  }

  leave(): void {
    this.#client.kill();
  }

  async #post(type: "chat.send" | "chat.queue"): Promise<void> {
    const { ledger, dice, conversationId } = this.#options;
    const name = ledger.newName();
    const script = JSON.stringify({ tokens: dice.whole(1, 80), size: dice.whole(4, 40), delayMs: dice.whole(0, 6) });
    const text = `${name}\n\n${script}`;
    const request = {
      ...{ type, conversationId, idempotencyKey: name },
      ...(type === "chat.send" ? { message: text, model: "demo/script" } : { text }),
    };
    const posted: Posted = { name, conversationId, request, answer: undefined, mayBeGone: false };
    ledger.posted.set(name, posted);
    const reply = await this.#request(request);
    // A refused text is no promise. A text without a reply may or may not be stored.
    if (reply?.["ok"] === false) ledger.posted.delete(name);
    if (reply?.["ok"] !== true) return;
    const { id: _, ...answer } = reply;
    posted.answer = answer;
    if (type === "chat.queue" && answer["startedTurn"] === false) this.#queued.push(posted);
  }

  async #withdraw(): Promise<void> {
    const posted = this.#queued.pop();
    if (!posted) return;
    // From now on the text may be gone: the reply may never arrive.
    posted.mayBeGone = true;
    const { conversationId, answer } = posted;
    await this.#request({ type: "chat.queue.cancel", conversationId, messageId: answer?.["messageId"] });
  }

  async #cancel(): Promise<void> {
    const { ledger, conversationId } = this.#options;
    const reply = await this.#request({ type: "chat.cancel", conversationId });
    if (reply?.["cancelled"] === true) ledger.cancels++;
  }

  async #compact(): Promise<void> {
    const { server, conversationId } = this.#options;
    try {
      const path = `/conversations/${conversationId}/compact`;
      const { status } = await ask(server, path, { method: "POST", deadlineMs: answerMs });
      if (status === 200) this.#options.ledger.compactions++;
    } catch {
      // The server is gone, or was busy with a turn.
    }
  }

  /** The reply, or undefined when the server is gone. */
  async #request(message: Record<string, unknown>): Promise<Message | undefined> {
    if (this.#client.isClosed) return undefined;
    const id = `r${this.#waiting.size}-${Math.random()}`;
    const { promise, resolve } = Promise.withResolvers<Message | undefined>();
    this.#waiting.set(id, resolve);
    const timer = setTimeout(() => resolve(undefined), answerMs);
    this.#sentAt = [...this.#sentAt, performance.now()].slice(-3);
    this.#client.send({ ...message, id });
    try {
      const reply = await promise;
      const [first] = this.#sentAt;
      if (!reply) this.#sentAt = [];
      else if (first !== undefined && this.#sentAt.length === 3) this.#options.ledger.answered(first);
      return reply;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #hear(message: Message): void {
    if (message.type === "reply") this.#waiting.get(String(message["id"]))?.(message);
    const { event } = message;
    if (message.type !== "chat.delta" || !isRecord(event)) return;
    if (event["type"] === "turn-start") this.isRunning = true;
    if (event["type"] === "turn-sealed") {
      this.isRunning = false;
      this.#turnsSealed++;
    }
    this.#options.ledger.saw(event);
  }
}
