// A bad network on loopback: a TCP proxy that throttles, bursts, stalls, splits, half-opens and cuts each connection
// separately. It reads from the server only what it may pass on, so that the server's own buffers fill.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Pipe } from "./throttling-proxy/pipe.ts";

/** One TCP connection through the proxy; "down" is the direction from server to client. */
export class Link {
  readonly down: Pipe;
  readonly up: Pipe;
  readonly #client: Socket;
  readonly #server: Socket;
  #halfOpen = false;

  constructor(client: Socket, server: Socket) {
    this.#client = client;
    this.#server = server;
    this.down = new Pipe(server, client);
    this.up = new Pipe(client, server);
    for (const [socket, other, pipe] of [
      [client, server, this.up],
      [server, client, this.down],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => {
        if (this.#halfOpen && socket === client) return;
        // An orderly end waits for the bytes sent before it. Any other end takes effect at once.
        if (pipe.hasEnded && !other.destroyed) return;
        other.destroy();
        this.down.stop();
        this.up.stop();
      });
    }
  }

  get isOpen(): boolean {
    return !this.#client.destroyed && !this.#server.destroyed;
  }

  /** Passes this many bytes per second in each direction; undefined: no limit. */
  throttle(bytesPerSecond: number | undefined): void {
    this.down.throttle(bytesPerSecond);
    this.up.throttle(bytesPerSecond);
  }

  /** Nothing passes until free(). */
  stall(): void {
    this.down.throttle(0);
    this.up.throttle(0);
  }

  /** Alternately passes everything for onMs and nothing for offMs. */
  burst(onMs: number, offMs: number): void {
    this.down.burst(onMs, offMs);
    this.up.burst(onMs, offMs);
  }

  /** Passes bytes in pieces of random size, each at most bytesMax bytes. */
  split(bytesMax: number, random: () => number = Math.random): void {
    const pieceBytes = (): number => 1 + Math.floor(random() * bytesMax);
    this.down.split(pieceBytes);
    this.up.split(pieceBytes);
  }

  /** Delays all bytes by this time, in each direction. */
  delay(latencyMs: number): void {
    this.down.delay(latencyMs);
    this.up.delay(latencyMs);
  }

  /** Removes the throttle, the delay and the splitting. */
  free(): void {
    for (const pipe of [this.down, this.up]) {
      pipe.split(undefined);
      pipe.delay(0);
    }
    this.throttle(undefined);
  }

  /**
   * Destroys the client's connection without telling the server. The server's bytes are then not read (stalled), or
   * read and discarded (swallowed). The server receives nothing more.
   */
  halfOpen(how: "stalled" | "swallowed" = "stalled"): void {
    this.#halfOpen = true;
    this.up.swallow();
    if (how === "stalled") this.down.throttle(0);
    else this.down.swallow();
    this.#client.resetAndDestroy();
  }

  /** Ends the connection at both ends: as a broken one (RST) or as an orderly one (FIN). */
  cut(how: "reset" | "fin"): void {
    for (const socket of [this.#client, this.#server]) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.destroySoon();
    }
  }
}

export class ThrottlingProxy {
  /** The address of the proxy: ws://…. */
  readonly url: string;
  /** Every connection since the start, the newest last. */
  readonly links: Link[] = [];
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** @param onLink called with each new connection before anything passes. */
  static async open(targetUrl: string, onLink: (link: Link) => void = () => {}): Promise<ThrottlingProxy> {
    const { hostname, port } = new URL(targetUrl);
    const server = createServer({ highWaterMark: Pipe.bufferBytes, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port: own } = server.address() as AddressInfo;
    const proxy = new ThrottlingProxy(server, `ws://127.0.0.1:${own}`);
    server.on("connection", (client) => {
      const options = { host: hostname, port: Number(port), noDelay: true, readableHighWaterMark: Pipe.bufferBytes };
      const link = new Link(client, connect(options));
      proxy.links.push(link);
      onLink(link);
    });
    return proxy;
  }

  /** The newest connection. */
  get link(): Link {
    const link = this.links.at(-1);
    if (!link) throw new Error("nobody has connected through the proxy");
    return link;
  }

  /** Cuts every connection; resolves when the port is closed. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const link of this.links) link.cut("reset");
    await closed;
  }
}
