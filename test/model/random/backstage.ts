// What a random history may do behind the server: the ports' own calls, and what it tells agents and the host to do.
// The scripted host does exactly that; on the embedded server the real conversations do it, when they get to it.
import type { Broadcasts } from "../../../src/ports/broadcasts.ts";
import type { Orchestrator, QueuedMessage } from "../../../src/ports/orchestrator.ts";
import type { Broadcast } from "../../../src/protocol/broadcast.ts";
import type { DoneReason, TurnEventBody } from "../../../src/protocol/turn-event.ts";

export interface Directions {
  /** A turn that begins says nothing before it is opened. */
  opensLater: boolean;
  /** Every turn is refused, in these words. */
  refuses: string | undefined;
  waiting(conversationId: string): readonly QueuedMessage[];
  turnId(conversationId: string): string | undefined;
  /** Is there a turn whose done is not out? */
  isTalking(conversationId: string): boolean;
  /** How many listen to a conversation. */
  listeners(conversationId: string): number;
  /** Begins a turn that no client has asked for. */
  begin(conversationId: string, text: string): void;
  /** The turn's first words, where they are not out yet. */
  open(conversationId: string): void;
  /** The agent says these, if it may. */
  say(conversationId: string, ...bodies: TurnEventBody[]): void;
  /** The agent takes what waits, at a tool boundary. */
  steer(conversationId: string): void;
  /** The agent ends its turn: with `error` it fails in these words. */
  finish(conversationId: string, reason: DoneReason, words?: string): void;
  /** What is done is stored, and sealed. */
  seal(conversationId: string): void;
  /** Agents finish, until no turn runs and none is carried over. */
  endTurns(conversationId: string): Promise<void>;
  announce(broadcast: Broadcast): void;
  /** Nothing is announced while this runs; it is afterwards. */
  inSilence(run: () => Promise<void>): Promise<void>;
  /** Nothing more will be asked about this conversation. */
  forget(conversationId: string): void;
  /** Conversations that still take part, with nobody there. */
  leftovers(): number;
}

export type Backstage = Orchestrator & Broadcasts & Directions;

/** Holds broadcasts back while it must be silent. */
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
