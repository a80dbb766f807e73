// Where one step is played: the world that is being changed, the charts, and the mail that is read before the step
// ends. Must keep no state from one step to the next.
import type { AnyEventObject } from "xstate";
import type { Bounds } from "./bounds.ts";
import type { Charts } from "./charts.ts";
import type { EventNumber, EventTable } from "./events.ts";
import { emptyWorld, type Fact, type FactKind, type Socket, type World } from "./state.ts";

/** Faults that the exploration's own tests build into the data plane; the exploration must find each one. */
export type Breakage =
  | "delivers twice"
  | "forgets to catch up"
  | "delivers after the unsubscribe"
  | "begins late"
  | "takes late answers"
  | "updates before the surface"
  | "spares congested sockets the broadcast"
  | "loses a queued text"
  | "speaks after done"
  | "never stops asking"
  | "forgets the seal";

export interface Setting {
  charts: Charts;
  bounds: Bounds;
  events: EventTable;
  breakage: Breakage | undefined;
}

/** Most events that one actor may read in one step; a handful is usual. */
const mailMost = 100;

/** The unread events of one actor. An event sent to a busy actor is read after the current one. */
export class Mail {
  #waiting: { event: AnyEventObject; name: string }[] = [];
  #isBusy = false;

  send(event: AnyEventObject, name: string, read: (event: AnyEventObject, name: string) => void): void {
    this.#waiting.push({ event, name });
    if (this.#isBusy) return;
    this.#isBusy = true;
    let count = 0;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (++count > mailMost) throw new Error(`an actor never comes to rest: its next event is ${next.name}`);
      read(next.event, next.name);
    }
    this.#isBusy = false;
  }
}

/** The conversation's answer to a command. */
export type Answer = "started" | "queued" | "withdrawn" | "cancelled" | Refused;
export type Refused = "turn-running" | "draining" | "storage-failed";

/** The data of a command that the event in the mail does not carry, and the answer to the command. */
export interface Exchange {
  text: number | undefined;
  withdraw: number | undefined;
  answer: Answer | undefined;
  /** The texts of the turn that is being opened. */
  opening: readonly number[];
}

/** Facts that only count something: they change a chart's state and have no other effect. */
const counts: ReadonlySet<string> = new Set(["turn.over"]);

export class Stage {
  readonly setting: Setting;
  world: World = emptyWorld(0);
  readonly mailOfSockets = [new Mail(), new Mail()] as const;
  readonly mailOfConversation = new Mail();
  /** Events of the conversation, held until its actors have settled (src/embedded/orchestrator/settle-queue.ts). */
  settleQueue: EventNumber[] = [];
  outboxDepth = 0;
  /** Delivers an event of the conversation to its feed; set in test/model/world.ts. */
  hear: (event: EventNumber) => void = () => {};
  readonly exchange: Exchange = { text: undefined, withdraw: undefined, answer: undefined, opening: [] };
  /** Calls to the conversation that are in progress. */
  guests = 0;
  /** Counting facts that are delivered at the end of the step (Bounds.countsTravel is off). */
  countsAtOnce: Fact[] = [];

  constructor(setting: Setting) {
    this.setting = setting;
  }

  begin(world: World): void {
    this.world = world;
  }

  socket(at: number): Socket {
    const socket = this.world.sockets[at];
    if (!socket) throw new Error(`there is no socket ${at}`);
    return socket;
  }

  post(to: FactKind, at: number, type: string): void {
    const signal = { to, at, type };
    if (!this.setting.bounds.countsTravel && counts.has(type)) this.countsAtOnce.push(signal);
    else this.world.signals = [...this.world.signals, signal];
  }

  /** Drops the facts whose recipient is gone. */
  forgetSignals(gone: (signal: Fact) => boolean): void {
    const { world } = this;
    if (world.signals.some(gone)) world.signals = world.signals.filter((signal) => !gone(signal));
    this.countsAtOnce = this.countsAtOnce.filter((signal) => !gone(signal));
  }

  problem(sentence: string): void {
    this.world.problems.push(sentence);
  }
}
