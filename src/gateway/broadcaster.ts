// News for every socket: encoded once, what is made in one tick joined into one write, sliced over the loop. Reaches
// each socket that was open when the news was made (protocol 1.5.5), and no later one.
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
  /** Of the newest one. */
  readonly serial: number;
}

interface Announcement {
  frame: Buffer;
  /** What it is about, when not everybody may know of that. */
  conversationId: string | undefined;
  /** The newest socket's serial when it was made. */
  lastSerial: number;
}

interface Cut {
  announcements: Announcement[];
  joined: Buffer;
}

export class Broadcaster {
  readonly #listeners: Listeners;
  readonly #authoriser: Authoriser;
  readonly #fanOut: FanOut<Listener>;
  #waiting: Announcement[] = [];
  #announcements: Announcement[] = [];
  /** The pieces of one pass that an identity may know of; one for all where everybody may know everything. */
  readonly #cuts = new Map<Identity | undefined, Cut>();

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

  /** @param about the conversation that one must be allowed to read to hear of it. */
  announce(message: ServerMessage, about?: string): void {
    const conversationId = this.#authoriser.readsAreOpen ? undefined : about;
    this.#waiting.push({ frame: encodeMessage(message), conversationId, lastSerial: this.#listeners.serial });
    this.#fanOut.want();
  }

  /** Runs when everything announced has been written. */
  whenIdle(run: () => void): void {
    this.#fanOut.whenIdle(run);
  }

  stop(): void {
    this.#fanOut.stop();
  }

  #take(): void {
    this.#announcements = this.#waiting;
    this.#waiting = [];
    this.#cuts.clear();
  }

  #write({ serial, identity, writer }: Listener): void {
    const { announcements, joined } = this.#cutFor(identity);
    if (serial <= (announcements[0]?.lastSerial ?? 0)) writer.control(joined);
    else
      for (const announcement of announcements)
        if (serial <= announcement.lastSerial) writer.control(announcement.frame);
  }

  #cutFor(identity: Identity): Cut {
    const key = this.#authoriser.readsAreOpen ? undefined : identity;
    let cut = this.#cuts.get(key);
    if (!cut) {
      const announcements = this.#announcements.filter(
        ({ conversationId }) =>
          conversationId === undefined || this.#authoriser.may(identity, "read", { conversationId }),
      );
      cut = { announcements, joined: Buffer.concat(announcements.map((announcement) => announcement.frame)) };
      this.#cuts.set(key, cut);
    }
    return cut;
  }
}
