// The clients of one random history, each on a socket of its own. Reports everything they send and receive to the
// oracle. Must never await an answer unless the caller asks for it.

import type { KeyableRequest, Request } from "../oracle/messages.ts";
import type { Malformed } from "../oracle/refusals.ts";
import type { Oracle } from "../oracle.ts";
import { Memory } from "./memory.ts";
import { Player } from "./player.ts";
import type { Stage } from "./stage.ts";

export const names = ["Ann", "Bob", "Cid", "Dan"] as const;
export type Name = (typeof names)[number];

/** A request with an id gets a reply. Without an id it gets a message only if it is refused. */
export type Pairing = "with an id" | "without an id";

interface Client {
  player: Player;
  /** Distinguishes this socket from earlier sockets of the same client. */
  socketName: string;
  isStalled: boolean;
}

export class Cast {
  /** The most clients that were open at once. */
  mostOpen = 0;
  readonly #stage: Stage;
  readonly #oracle: Oracle;
  readonly #clients = new Map<Name, Client>();
  /** How many sockets each client has had. */
  readonly #sockets = new Map<Name, number>();
  /** The clients that speak turnwire.v1. */
  readonly #v1: ReadonlySet<Name>;
  readonly #memories = new Map<Name, Memory>(names.map((name) => [name, new Memory()]));
  #ids = 0;

  constructor(stage: Stage, oracle: Oracle, v1: readonly Name[]) {
    this.#stage = stage;
    this.#oracle = oracle;
    this.#v1 = new Set(v1);
  }

  isV1(name: Name): boolean {
    return this.#v1.has(name);
  }

  /** What the client knows, across all its sockets. */
  memory(name: Name): Memory {
    return this.#memories.get(name) ?? new Memory();
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

  /**
   * Adds a client before anything happens in this history. Reuses a client of the previous history, if there is one.
   */
  async enter(name: Name): Promise<void> {
    const { free } = this.#stage;
    const index = free.findIndex((player) => player.isV1 === this.isV1(name));
    const [player] = index === -1 ? [] : free.splice(index, 1);
    if (!player) return await this.connect(name);
    // Messages still on their way to the client belong to the previous history.
    player.ping();
    await player.pongs();
    this.#adopt(name, player, false);
  }

  /**
   * Connects a new socket. Broadcasts are held back meanwhile, because it would be unclear whether it was open for
   * them.
   */
  async connect(name: Name): Promise<void> {
    const { host, server } = this.#stage;
    await host.inSilence(async () => {
      await Player.connect(server.url, this.isV1(name), (player) => this.#adopt(name, player, true));
    });
  }

  #adopt(name: Name, player: Player, isNew: boolean): void {
    const sockets = (this.#sockets.get(name) ?? 0) + 1;
    this.#sockets.set(name, sockets);
    const socketName = sockets === 1 ? name : `${name}-${sockets}`;
    this.#clients.set(name, { player, socketName, isStalled: false });
    this.mostOpen = Math.max(this.mostOpen, this.#clients.size);
    this.#oracle.connects(socketName, { isV1: player.isV1, isNew });
    player.hear = (message) => {
      this.memory(name).hears(message);
      this.#oracle.receives(socketName, message);
    };
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
    // A stalled client would never read the answer to its close frame.
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

  /** Sends a request and awaits nothing. A base socket sends the id as well, where it means nothing. */
  post(name: Name, unpaired: Request, pairing: Pairing = "without an id"): void {
    const { player, socketName } = this.#client(name);
    const request = pairing === "with an id" ? { ...unpaired, id: this.#nextId(name) } : unpaired;
    this.#oracle.posts(socketName, request);
    if (request.type === "ping") player.ping(request.id);
    else player.send(JSON.stringify(request));
    // Nothing of the subscription may come after the pong to this ping.
    if (request.type === "chat.unsubscribe" || request.type === "unsubscribe") this.post(name, { type: "ping" });
  }

  postMalformed(name: Name, { request, refusal }: Malformed, pairing: Pairing): void {
    const { player, socketName } = this.#client(name);
    // A text that is not JSON has no id.
    const id = request && pairing === "with an id" ? { id: this.#nextId(name) } : {};
    this.#oracle.posts(socketName, { type: "malformed", refusal, ...id });
    player.send(request ? JSON.stringify({ ...request, ...id }) : "no JSON at all");
  }

  /**
   * The clients that have this same request pending. `isRace`: another socket has it pending, even a closed one.
   * `busy`: those of them that have posted something since.
   */
  rivals(name: Name, request: KeyableRequest): { isRace: boolean; open: Name[]; busy: Name[] } {
    const asking = this.#oracle.socketsThatAsk(request);
    const own = this.#client(name).socketName;
    const open = [...this.#clients].flatMap(([other, { socketName }]) => {
      const found = asking.find((one) => one.name === socketName);
      return found ? [{ other, isLast: found.isLast }] : [];
    });
    return {
      isRace: asking.some((one) => one.name !== own),
      open: open.map(({ other }) => other),
      busy: open.filter(({ isLast }) => !isLast).map(({ other }) => other),
    };
  }

  #nextId(name: Name): string {
    return `${name} ${++this.#ids}`;
  }

  /** Waits until everything that these clients have sent is handled. */
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
    if (!client) throw new Error(`${name} is not connected`);
    return client;
  }

  /** The history is over. Clients that are still open may take part in the next one. */
  dismiss(): void {
    for (const { player } of this.#clients.values()) {
      player.hear = () => {};
      player.end = () => {};
      this.#stage.free.push(player);
    }
  }

  /** The history has failed. Its clients cannot be used again. */
  kill(): void {
    for (const { player, socketName } of this.#clients.values()) {
      this.#oracle.disconnects(socketName);
      player.kill();
    }
  }
}
