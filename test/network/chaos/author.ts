// Runs turns in one conversation, one after the other, over a connection without network faults. Records the text of
// each turn.
import { type Client, connect } from "../../support/client.ts";
import { playScript, scriptText } from "../../support/system-turns.ts";
import type { Weather } from "./weather.ts";

const turnMs = 60_000;

export class Author {
  readonly conversationId: string;
  /** The text of each turn, by turn id. */
  readonly texts = new Map<string, string>();
  readonly #client: Client;
  #requests = 0;

  private constructor(conversationId: string, client: Client) {
    this.conversationId = conversationId;
    this.#client = client;
  }

  static async arrive(conversationId: string, wsUrl: string): Promise<Author> {
    return new Author(conversationId, await connect(wsUrl, { protocols: ["turnwire.v1"] }));
  }

  /** Runs one turn of random length and pace until it is sealed. Returns its id. */
  async writeTurn({ between }: Pick<Weather, "between">): Promise<string> {
    const script = {
      tokens: between(1, 3_000),
      size: between(1, 150),
      delayMs: between(0, 3) === 0 ? between(1, 4) : 0,
      reasoning: between(0, 200),
      tools: between(0, 1),
    };
    // Long and slow turns would take most of the time.
    if (script.delayMs > 0) script.tokens = Math.min(script.tokens, 600);
    const id = `turn ${++this.#requests}`;
    this.#client.send({ ...playScript(this.conversationId, script), id, idempotencyKey: id });
    const { ok, turnId, error } = await this.#client.next({ type: "reply", id }, turnMs);
    if (ok !== true || typeof turnId !== "string") throw new Error(`a turn was refused: ${JSON.stringify(error)}`);
    this.texts.set(turnId, scriptText(script.tokens, script.size));
    await this.#client.nextEvent(this.conversationId, "turn-sealed", turnMs);
    // Frees the messages of the turn, which are not needed any more.
    this.#client.received.length = 0;
    for (const _ of this.#client.unread()) await this.#client.nextAny();
    return turnId;
  }

  leave(): void {
    this.#client.kill();
  }
}
