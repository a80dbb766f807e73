// Broadcasts to every socket. Each is encoded once, those of one tick share one write, and the fan-out is sliced over
// loop turns. A broadcast reaches each socket that was open when it was made (protocol 1.5.5), and no later one.
import type { Authoriser } from "../access/authoriser.ts";
import type { SocketWriter } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import { encodeMessage } from "../protocol/frame.ts";
import type { ServerMessage } from "../protocol/server-message.ts";
import type { Clock } from "../runtime/clock.ts";
import { FanOut } from "../runtime/fan-out.ts";

export interface Listener {
  readonly identity: Identity;
  /** Grows with each socket accepted. */
  readonly serial: number;
  readonly writer: SocketWriter;
}

/** Every open socket. */
export interface Listeners {
  all(): Iterable<Listener>;
  /** The newest socket's serial. */
  readonly serial: number;
}

interface Announcement {
  frame: Buffer;
  /** Only identities that may read this conversation get it; undefined: everybody. */
  conversationId: string | undefined;
  /** The newest socket's serial when it was made. */
  lastSerial: number;
}

interface Batch {
  announcements: Announcement[];
  joined: Buffer;
}

export class Broadcaster {
  readonly #listeners: Listeners;
  readonly #authoriser: Authoriser;
  readonly #fanOut: FanOut<Listener>;
  #waiting: Announcement[] = [];
  #announcements: Announcement[] = [];
  /** What each identity may receive of the current fan-out. One entry for all when everybody may read everything. */
  readonly #batches = new Map<Identity | undefined, Batch>();

  constructor(clock: Clock, limits: Limits, listeners: Listeners, authoriser: Authoriser) {
    this.#listeners = listeners;
    this.#authoriser = authoriser;
    this.#fanOut = new FanOut({
      clock,
      limits,
      members: () => listeners.all(),
      begin: () => this.#take(),
      write: (listener) => this.#write(listener),
      isSpaced: true,
    });
  }

  /** @param about the conversation that a receiver must be allowed to read. */
  announce(message: ServerMessage, about?: string): void {
    const conversationId = this.#authoriser.readsAreOpen ? undefined : about;
    this.#waiting.push({ frame: encodeMessage(message), conversationId, lastSerial: this.#listeners.serial });
    this.#fanOut.want();
  }

  /** Calls `run` when everything announced has been written. */
  whenIdle(run: () => void): void {
    this.#fanOut.whenIdle(run);
  }

  stop(): void {
    this.#fanOut.stop();
  }

  #take(): void {
    this.#announcements = this.#waiting;
    this.#waiting = [];
    this.#batches.clear();
  }

  #write({ serial, identity, writer }: Listener): void {
    const { announcements, joined } = this.#batchFor(identity);
    if (serial <= (announcements[0]?.lastSerial ?? 0)) writer.control(joined);
    else
      for (const announcement of announcements)
        if (serial <= announcement.lastSerial) writer.control(announcement.frame);
  }

  #batchFor(identity: Identity): Batch {
    const key = this.#authoriser.readsAreOpen ? undefined : identity;
    let batch = this.#batches.get(key);
    if (!batch) {
      const announcements = this.#announcements.filter(
        ({ conversationId }) =>
          conversationId === undefined || this.#authoriser.may(identity, "read", { conversationId }),
      );
      batch = { announcements, joined: Buffer.concat(announcements.map((announcement) => announcement.frame)) };
      this.#batches.set(key, batch);
    }
    return batch;
  }
}
