// Where one step is played: the world that is being changed, the charts, and the mail that is read before the step is
// over. Must hold nothing from one step to the next.
import type { AnyEventObject } from "xstate";
import type { Bounds } from "./bounds.ts";
import type { Charts } from "./charts.ts";
import type { EventNumber, EventTable } from "./events.ts";
import { emptyWorld, type Fact, type FactKind, type Socket, type World } from "./state.ts";

/** Faults that the exploration's own tests build into the data plane: each must be found. */
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

/** Of one actor in one step: a handful is usual. */
const mailMost = 100;

/** What an actor has been sent and has not read: an actor that is busy reads it afterwards. */
export class Mail {
  #waiting: { event: AnyEventObject; name: string }[] = [];
  #isBusy = false;

  send(event: AnyEventObject, name: string, read: (event: AnyEventObject, name: string) => void): void {
    this.#waiting.push({ event, name });
    if (this.#isBusy) return;
    this.#isBusy = true;
    let count = 0;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (++count > mailMost) throw new Error(`an actor never comes to rest: it goes on with ${next.name}`);
      read(next.event, next.name);
    }
    this.#isBusy = false;
  }
}

/** What the conversation answers to a command. */
export type Answer = "started" | "queued" | "withdrawn" | "cancelled" | Refused;
export type Refused = "turn-running" | "draining" | "storage-failed";

/** What a command to the conversation carries beside its mailbox, and what came of it. */
export interface Exchange {
  text: number | undefined;
  withdraw: number | undefined;
  answer: Answer | undefined;
  /** The texts of the turn that is being opened. */
  opening: readonly number[];
}

/** Facts that only count something: they change a word in a chart and cause nothing. */
const counts: ReadonlySet<string> = new Set([
  "watches.first",
  "watches.none",
  "turns.first",
  "turns.none",
  "surface.shown",
  "surface.awaited",
]);

export class Stage {
  readonly setting: Setting;
  world: World = emptyWorld(0);
  readonly mailOfSockets = [new Mail(), new Mail()] as const;
  readonly mailOfConversation = new Mail();
  /**
   * What the conversation says is told when everything has come to rest (src/embedded/orchestrator/settle-queue.ts).
   */
  settleQueue: EventNumber[] = [];
  outboxDepth = 0;
  /** Takes what the conversation says to those who listen; set where the world is put together. */
  hear: (event: EventNumber) => void = () => {};
  readonly exchange: Exchange = { text: undefined, withdraw: undefined, answer: undefined, opening: [] };
  /** Callers inside the conversation. */
  guests = 0;
  /** Counts that do not travel. */
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

  /** Facts for one who is not there any more reach nobody. */
  forgetSignals(gone: (signal: Fact) => boolean): void {
    const { world } = this;
    if (world.signals.some(gone)) world.signals = world.signals.filter((signal) => !gone(signal));
    this.countsAtOnce = this.countsAtOnce.filter((signal) => !gone(signal));
  }

  problem(sentence: string): void {
    this.world.problems.push(sentence);
  }
}
