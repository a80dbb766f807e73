// Random turns of a real server with a real model endpoint: people send, queue, cancel, compact and change the model,
// and the server is killed now and then.
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect, type Message } from "../support/client.ts";
import { Dice } from "../support/dice.ts";
import { openAiEndpoint } from "../support/openai-endpoint.ts";
import { ServerProcess } from "../support/server-process.ts";
import { StrictModel } from "./strict-model.ts";

export interface TurnsOptions {
  seed: number;
  turns: number;
  /** How often the server is killed with SIGKILL, about evenly spread. */
  kills: number;
  dataDir: string;
}

export interface TurnsReport {
  turns: number;
  kills: number;
  compactions: number;
  requests: number;
  /** How the turns ended, by the reason in `done`. */
  ends: Record<string, number>;
  /** Requests that the endpoint had to refuse. */
  complaints: string[];
}

const conversations = ["a", "b", "c", "d", "e", "f"];
const models = ["openai/small", "openai/other", "demo/echo", "", ""];

export async function playTurns({ seed, turns, kills, dataDir }: TurnsOptions): Promise<TurnsReport> {
  const dice = new Dice(seed);
  const model = new StrictModel(dice.fork());
  const endpoint = await openAiEndpoint();
  endpoint.otherwise(model.reply);
  const environment = { TURNWIRE_BASE_URL: endpoint.baseUrl, TURNWIRE_MODEL: "small" };
  const start = (): Promise<ServerProcess> =>
    ServerProcess.start({ dataDir, environment, flags: ["--log-level", "error"] });
  const report: TurnsReport = {
    turns: 0,
    kills: 0,
    compactions: 0,
    requests: 0,
    ends: {},
    complaints: model.complaints,
  };
  let server = await start();
  try {
    while (report.turns < turns) {
      const isLast = report.turns >= ((report.kills + 1) * turns) / (kills + 1);
      const round = conversations.map((id) => new Person(server, id, dice.fork(), report).act());
      if (isLast && report.kills < kills) {
        await sleep(dice.whole(5, 80));
        server.signal("SIGKILL");
        report.kills++;
        await Promise.allSettled([...round, server.exited]);
        server = await start();
      } else await Promise.all(round);
    }
  } finally {
    server.signal("SIGTERM");
    await server.exited;
    await endpoint.close();
  }
  return { ...report, requests: model.requests };
}

/** One person with a conversation, for some turns. Rejects when the server is killed. */
class Person {
  readonly #server: ServerProcess;
  readonly #id: string;
  readonly #dice: Dice;
  readonly #report: TurnsReport;

  constructor(server: ServerProcess, id: string, dice: Dice, report: TurnsReport) {
    this.#server = server;
    this.#id = id;
    this.#dice = dice;
    this.#report = report;
  }

  async act(): Promise<void> {
    using client = await connect(this.#server.wsUrl, { protocols: ["turnwire.v1"] });
    client.send({ type: "chat.subscribe", conversationId: this.#id });
    client.onMessage = (message) => this.#count(message);
    for (let turn = 0; turn < 8; turn++) {
      await this.#turn(client);
      if (this.#dice.chance(0.04)) await this.#compact();
    }
  }

  /** Sends a text, and then does this or that until the turn is sealed. */
  async #turn(client: Client): Promise<void> {
    const dice = this.#dice;
    const model = dice.pick(models);
    // The demo writes back each word, slowly.
    const message = dice.pick(
      model === "demo/echo" ? ["hi"] : ["hello", "and then?", " ", "long ".repeat(400), "\ud83d", "näh'r 🙂"],
    );
    const images = dice.chance(0.1)
      ? [{ url: dice.pick(["data:image/png;base64,AAAA", "data:image/png;base64,!"]) }]
      : [];
    const send = {
      type: "chat.send",
      conversationId: this.#id,
      message,
      ...(model !== "" && { model }),
      ...(images[0] && { images }),
    };
    if (!(await this.#asked(client, send))) return;
    const sealed = client.nextEvent(this.#id, "turn-sealed");
    // A kill ends all waits at once.
    sealed.catch(() => {});
    if (dice.chance(0.25)) await this.#asked(client, { type: "chat.queue", conversationId: this.#id, text: "more" });
    if (dice.chance(0.2)) {
      await sleep(dice.whole(0, 40));
      await this.#asked(client, { type: "chat.cancel", conversationId: this.#id });
    }
    await sealed;
    // What was queued may have opened another turn.
    while (client.unread((one) => isSealed(one)).length > 0) await client.nextEvent(this.#id, "turn-sealed");
  }

  /** False when it was refused: a turn runs already, or somebody asks too fast. */
  async #asked(client: Client, request: object): Promise<boolean> {
    const id = `r${client.received.length}`;
    client.send({ ...request, id });
    const reply = await client.next({ type: "reply", id });
    const error = reply["error"] as { retryAfterMs?: number } | undefined;
    if (error?.retryAfterMs !== undefined) await sleep(error.retryAfterMs);
    return reply["ok"] === true;
  }

  async #compact(): Promise<void> {
    const answer = await fetch(`${this.#server.httpUrl}/conversations/${this.#id}/compact`, { method: "POST" });
    if (answer.ok) this.#report.compactions++;
  }

  #count(message: Message): void {
    const event = message["event"] as { type?: string; reason?: string } | undefined;
    if (event?.type === "turn-sealed") this.#report.turns++;
    if (event?.type === "done")
      this.#report.ends[event.reason ?? ""] = (this.#report.ends[event.reason ?? ""] ?? 0) + 1;
  }
}

const isSealed = (message: Message): boolean =>
  (message["event"] as { type?: string } | undefined)?.type === "turn-sealed";
