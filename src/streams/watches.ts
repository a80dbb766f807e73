// The watches of all sockets. Each watch is an actor below its connection. Admission and catching up are spread over
// several loop turns. Must never leave a cursor behind when its watch has ended.
import type { Actor, AnyActorRef } from "xstate";
import { type WatchEvent, watchMachine } from "../../machines/watch.ts";
import type { SocketWriter } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import type { StreamCursor } from "../protocol/chat-subscribe.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock } from "../runtime/clock.ts";
import { DispatchQueue } from "../runtime/dispatch-queue.ts";
import type { SendTo } from "../runtime/send-to.ts";
import { shareInitialSnapshot } from "../runtime/shared-snapshot.ts";
import { Cursor, type CursorOwner } from "./cursor.ts";
import type { Feed } from "./feed.ts";
import type { Feeds } from "./feeds.ts";

/** The connection's side of a watch. */
export interface WatchOwner {
  /** The connection's id. */
  readonly id: string;
  readonly actor: AnyActorRef | undefined;
  readonly writer: SocketWriter;
  readonly isV1: boolean;
  /** This socket requests a turn. */
  asked(conversationId: string): void;
  /** No turn was begun. */
  withdrew(conversationId: string): void;
  /** The turn is sealed. */
  turnOver(conversationId: string): void;
  /** The watch has ended. */
  removeWatch(watch: Watch): void;
}

/** Sends a watch's actor an event: from the chart of its connection, or, where that has none any more, from outside. */
/** One socket's watch of one conversation: its cursor and its actor. */
export class Watch implements CursorOwner {
  readonly instance: number;
  readonly cursor: Cursor;
  readonly owner: WatchOwner;
  /** It resumes right after its client's last event. */
  readonly recovered: boolean;
  actor: Actor<typeof watchMachine> | undefined;
  readonly #dispatchQueue: DispatchQueue;

  constructor(instance: number, feed: Feed, owner: WatchOwner, after: StreamCursor | undefined, parts: WatchParts) {
    this.instance = instance;
    this.owner = owner;
    this.recovered = after !== undefined && feed.log.holdsAllAfter(after);
    const seq = after && this.recovered ? after.seq : feed.startSeq();
    this.cursor = new Cursor(feed, owner.writer, this, seq, parts.limits, owner.isV1);
    this.#dispatchQueue = parts.dispatchQueue;
  }

  get feed(): Feed {
    return this.cursor.feed;
  }

  get conversationId(): string {
    return this.feed.conversationId;
  }

  lacks(seq: number): boolean {
    return this.cursor.seq < seq && !this.owner.writer.congested && !this.owner.writer.ended;
  }

  /** Posts a signal to the actor, in order. */
  tell(type: WatchEvent["type"]): void {
    this.#dispatchQueue.post(() => this.actor?.send({ type }));
  }

  lost(): void {
    this.tell("cursor.lost");
  }

  turnOver(): void {
    this.owner.turnOver(this.conversationId);
  }
}

type WatchParts = Pick<WatchesOptions, "dispatchQueue" | "limits">;

export interface WatchesOptions {
  actors: ActorRegistry;
  feeds: Feeds;
  dispatchQueue: DispatchQueue;
  clock: Clock;
  limits: Limits;
  logger: Logger;
}

export class Watches {
  readonly #options: WatchesOptions;
  readonly #machine: typeof watchMachine;
  readonly #members = new Map<number, Watch>();
  #newestInstance = 0;
  /** Watches to be admitted, and the next slices of catching-up cursors. */
  readonly #catchUps: DispatchQueue;

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#catchUps = new DispatchQueue(options.clock, options.limits, options.limits.catchUpsPerLoopTurn);
    this.#machine = shareInitialSnapshot(this.#provide(), { connectionId: "", conversationId: "", instance: 0 });
  }

  /**
   * Begins to watch. It resumes after the given event if the log still holds everything later (protocol 2.3).
   * Otherwise it begins at the running turn's first event, or after the newest event when no turn runs.
   * @returns undefined when subscribing to the orchestrator failed.
   */
  open(conversationId: string, owner: WatchOwner, after?: StreamCursor): Watch | undefined {
    const { actors, feeds, logger } = this.#options;
    const { actor: parent } = owner;
    if (!parent) throw new Error("a connection without an actor cannot watch");
    const feed = feeds.join(conversationId);
    if (!feed) return undefined;
    const instance = ++this.#newestInstance;
    const watch = new Watch(instance, feed, owner, after, this.#options);
    feed.watchers.add(watch);
    this.#members.set(instance, watch);
    watch.actor = actors.adopt({
      parent,
      kind: "watch",
      logic: this.#machine,
      input: { connectionId: owner.id, conversationId, instance },
      onEnd: (error) => {
        this.#release(watch);
        if (error !== undefined) logger.error("watch: defect", { conversationId, error });
        owner.removeWatch(watch);
      },
    });
    if (owner.writer.congested) watch.tell("socket.congested");
    return watch;
  }

  /** Ends a watch immediately: nothing more is written for it, even if its actor is late or gone. */
  end(watch: Watch, send: SendTo): void {
    this.#release(watch);
    if (watch.actor) send(watch.actor, { type: "watch.leave" });
  }

  /** The socket requests a turn of its own. @returns withdraws the request, when no turn was begun. */
  ask(watch: Watch): () => void {
    const { conversationId, owner, feed } = watch;
    // The running turn is its own already.
    if (feed.askers.has(watch)) return () => {};
    feed.askers.add(watch);
    owner.asked(conversationId);
    return () => {
      feed.askers.delete(watch);
      owner.withdrew(conversationId);
    };
  }

  #release(watch: Watch): void {
    if (!this.#members.delete(watch.instance)) return;
    watch.cursor.drop();
    watch.feed.watchers.delete(watch);
    watch.feed.askers.delete(watch);
    this.#options.feeds.settle(watch.feed);
  }

  #provide(): typeof watchMachine {
    const act =
      (run: (watch: Watch) => void) =>
      ({ context }: { context: { instance: number } }): void => {
        const watch = this.#members.get(context.instance);
        if (watch) run(watch);
      };
    return watchMachine.provide({
      actions: {
        askAdmission: act((watch) => this.#catchUps.post(() => watch.tell("watch.admitted"))),
        catchUp: act((watch) => this.#pump(watch)),
        joinLive: act((watch) => watch.cursor.join()),
        leaveLive: act((watch) => watch.cursor.leave()),
      },
    });
  }

  /** Writes one slice and queues the next one. */
  #pump(watch: Watch): void {
    if (watch.cursor.pump() === "more") this.#catchUps.post(() => this.#pump(watch));
  }
}
