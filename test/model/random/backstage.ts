// What a random history may do behind the server: the calls of the ports, and commands to agents and the host. The
// scripted host carries them out exactly. On the embedded server the real conversations do so in their own time.
import type { Broadcasts } from "../../../src/ports/broadcasts.ts";
import type { Orchestrator, QueuedMessage } from "../../../src/ports/orchestrator.ts";
import type { Broadcast } from "../../../src/protocol/broadcast.ts";
import type { DoneReason, TurnEventBody } from "../../../src/protocol/turn-event.ts";

export interface Directions {
  /** A new turn emits nothing until `open` is called. */
  opensLater: boolean;
  /** If set, every turn is refused with this message. */
  refuses: string | undefined;
  waiting(conversationId: string): readonly QueuedMessage[];
  turnId(conversationId: string): string | undefined;
  /** Whether there is a turn whose `done` is not out. */
  isTalking(conversationId: string): boolean;
  /** The number of listeners of a conversation. */
  listeners(conversationId: string): number;
  /** Begins a turn that no client has asked for. */
  begin(conversationId: string, text: string): void;
  /** Emits the turn's first events if they are not out yet. */
  open(conversationId: string): void;
  /** The agent emits these events, if `isTalking`. */
  say(conversationId: string, ...bodies: TurnEventBody[]): void;
  /** The agent takes the queued texts, at a tool boundary. */
  steer(conversationId: string): void;
  /** The agent ends its turn. With `error` it fails with the message `words`. */
  finish(conversationId: string, reason: DoneReason, words?: string): void;
  /** Stores and seals a turn that is done. */
  seal(conversationId: string): void;
  /** Ends turns until none is running and no queued text opens another. */
  endTurns(conversationId: string): Promise<void>;
  announce(broadcast: Broadcast): void;
  /** Holds announcements back while `run` runs, and makes them afterwards. */
  inSilence(run: () => Promise<void>): Promise<void>;
  /** Releases a conversation that is no longer used. */
  forget(conversationId: string): void;
  /** The number of conversations that still have an actor, although no client uses them. */
  leftovers(): number;
}

export type Backstage = Orchestrator & Broadcasts & Directions;

/** Passes broadcasts on, and holds them back during `inSilence`. */
export class Announcer {
  readonly #listeners = new Set<(broadcast: Broadcast) => void>();
  #held: Broadcast[] | undefined;

  subscribe(listener: (broadcast: Broadcast) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  announce(broadcast: Broadcast): void {
    if (this.#held) this.#held.push(broadcast);
    else for (const listener of [...this.#listeners]) listener(broadcast);
  }

  async inSilence(run: () => Promise<void>): Promise<void> {
    const held: Broadcast[] = [];
    this.#held = held;
    try {
      await run();
    } finally {
      this.#held = undefined;
      for (const broadcast of held) this.announce(broadcast);
    }
  }
}
