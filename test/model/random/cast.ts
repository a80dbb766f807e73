// The clients of one random history: each on a socket of its own, all that they send and get told to the oracle. Must
// never await an answer unless it is asked to.

import type { Request } from "../oracle/messages.ts";
import type { Malformed } from "../oracle/refusals.ts";
import type { Oracle } from "../oracle.ts";
import { Player } from "./player.ts";
import type { Stage } from "./stage.ts";

export const names = ["Ann", "Bob", "Cid", "Dan"] as const;
export type Name = (typeof names)[number];

interface Client {
  player: Player;
  /** Tells its socket from those that had the name before. */
  socketName: string;
  isStalled: boolean;
}

export class Cast {
  /** The most clients that were open at once. */
  mostOpen = 0;
  readonly #stage: Stage;
  readonly #oracle: Oracle;
  readonly #clients = new Map<Name, Client>();
  /** How many sockets each has had. */
  readonly #sockets = new Map<Name, number>();

  constructor(stage: Stage, oracle: Oracle) {
    this.#stage = stage;
    this.#oracle = oracle;
  }

  isOpen(name: Name): boolean {
    return this.#clients.has(name);
  }

  isStalled(name: Name): boolean {
    return this.#clients.get(name)?.isStalled === true;
  }

  watchesAnything(name: Name): boolean {
    const client = this.#clients.get(name);
    return client !== undefined && this.#oracle.socket(client.socketName).watches.length > 0;
  }

  get openNames(): Name[] {
    return [...this.#clients.keys()];
  }

  /** A client of the history before takes part, where there is one: before anything has happened in this one. */
  async enter(name: Name): Promise<void> {
    const free = this.#stage.free.pop();
    if (!free) return await this.connect(name);
    // What it was still owed is not this history's.
    free.ping();
    await free.pongs();
    this.#adopt(name, free);
  }

  /** A socket comes in. Nothing is announced meanwhile: nobody could say whether it was open then. */
  async connect(name: Name): Promise<void> {
    const { host, server } = this.#stage;
    await host.inSilence(async () => {
      await Player.connect(server.url, (player) => this.#adopt(name, player));
    });
  }

  #adopt(name: Name, player: Player): void {
    const sockets = (this.#sockets.get(name) ?? 0) + 1;
    this.#sockets.set(name, sockets);
    const socketName = sockets === 1 ? name : `${name}-${sockets}`;
    this.#clients.set(name, { player, socketName, isStalled: false });
    this.mostOpen = Math.max(this.mostOpen, this.#clients.size);
    this.#oracle.connects(socketName);
    player.hear = (message) => this.#oracle.receives(socketName, message);
    player.end = (code) => {
      if (!this.#oracle.socket(socketName).isOpen) return;
      this.#oracle.faults.push(`${socketName} was closed with ${code} and had done nothing wrong`);
      this.#oracle.disconnects(socketName);
      this.#clients.delete(name);
    };
  }

  disconnect(name: Name, how: "close" | "kill"): void {
    const { player, socketName } = this.#client(name);
    this.#clients.delete(name);
    this.#oracle.disconnects(socketName);
    // Who stalls would never see the answer to its close frame.
    player.resume();
    player[how]();
  }

  stall(name: Name): void {
    const client = this.#client(name);
    client.isStalled = true;
    client.player.stall();
    this.#oracle.stalls(client.socketName);
  }

  resume(name: Name): void {
    const client = this.#client(name);
    client.isStalled = false;
    client.player.resume();
    this.#oracle.resumes(client.socketName);
  }

  /** Sends and awaits nothing. */
  post(name: Name, request: Request): void {
    const { player, socketName } = this.#client(name);
    this.#oracle.posts(socketName, request);
    if (request.type === "ping") player.ping();
    else player.send(JSON.stringify(request));
    // What comes after this one's pong must not come at all.
    if (request.type === "chat.unsubscribe" || request.type === "unsubscribe") this.post(name, { type: "ping" });
  }

  postMalformed(name: Name, { text, refusal }: Malformed): void {
    const { player, socketName } = this.#client(name);
    this.#oracle.posts(socketName, { type: "malformed", refusal });
    player.send(text);
  }

  /** Until everything that this client has sent was handled. */
  async barrier(...barred: Name[]): Promise<void> {
    for (const name of barred) this.post(name, { type: "ping" });
    const pongs = barred.map((name) => this.#client(name).player.pongs());
    let isOver = false;
    const all = Promise.all(pongs).then(() => {
      isOver = true;
    });
    await Promise.race([all, this.#stage.patience(() => isOver)]);
  }

  #client(name: Name): Client {
    const client = this.#clients.get(name);
    if (!client) throw new Error(`${name} is not there`);
    return client;
  }

  /** The history is over: who is still there may take part in the next one. */
  dismiss(): void {
    for (const { player } of this.#clients.values()) {
      player.hear = () => {};
      player.end = () => {};
      this.#stage.free.push(player);
    }
  }

  /** The history has failed: its clients are of no more use. */
  kill(): void {
    for (const { player, socketName } of this.#clients.values()) {
      this.#oracle.disconnects(socketName);
      player.kill();
    }
  }
}
