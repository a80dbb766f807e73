// The watches of all sockets: adopts a watch actor under its connection, lets joiners in and catching-up cursors on in
// slices, and takes the turn's facts to those concerned. Must never leave a cursor behind when its watch has ended.
import type { Actor, AnyActorRef } from "xstate";
import { type WatchEvent, watchMachine } from "../../machines/watch.ts";
import type { SocketWriter } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import type { StreamCursor } from "../protocol/chat-subscribe.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock } from "../runtime/clock.ts";
import { DispatchQueue } from "../runtime/dispatch-queue.ts";
import { shareInitialSnapshot } from "../runtime/shared-snapshot.ts";
import { Cursor, type CursorOwner } from "./cursor.ts";
import type { Feed } from "./feed.ts";
import type { Feeds } from "./feeds.ts";

/** The connection's side of a watch. */
export interface WatchOwner {
  /** Of the connection. */
  readonly id: string;
  readonly actor: AnyActorRef | undefined;
  readonly writer: SocketWriter;
  /** This socket's own turn was asked for, and is over. */
  asked(conversationId: string): void;
  settled(conversationId: string): void;
  /** The watch's place in the log was shed. */
  lost(): void;
  ended(watch: Watch): void;
}

type WatchSignal = WatchEvent["type"];

/** One socket's watch of one conversation: where its cursor stands, and its actor. */
export class Watch implements CursorOwner {
  readonly instance: number;
  readonly cursor: Cursor;
  readonly owner: WatchOwner;
  /** It goes on right after the event that its client had last. */
  readonly recovered: boolean;
  actor: Actor<typeof watchMachine> | undefined;
  readonly #dispatchQueue: DispatchQueue;

  constructor(instance: number, feed: Feed, owner: WatchOwner, after: StreamCursor | undefined, parts: WatchParts) {
    this.instance = instance;
    this.owner = owner;
    this.recovered = after !== undefined && feed.log.holdsAllAfter(after);
    const seq = after && this.recovered ? after.seq : feed.startSeq();
    this.cursor = new Cursor(feed, owner.writer, this, seq, parts.limits);
    this.#dispatchQueue = parts.dispatchQueue;
  }

  get feed(): Feed {
    return this.cursor.feed;
  }

  get conversationId(): string {
    return this.feed.conversationId;
  }

  /** Posts a fact, behind those that were found before it. */
  tell(type: WatchSignal): void {
    this.#dispatchQueue.post(() => this.actor?.send({ type }));
  }

  reachedEnd(): void {
    this.tell("cursor.reachedEnd");
  }

  fellBehind(): void {
    this.tell("cursor.fellBehind");
  }

  lost(): void {
    this.owner.lost();
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
  /** Joiners and catching-up cursors, each to be served once. */
  readonly #catchUps: DispatchQueue;

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#catchUps = new DispatchQueue(options.clock, options.limits, options.limits.catchUpsPerLoopTurn);
    this.#machine = shareInitialSnapshot(this.#provide(), { connectionId: "", conversationId: "", instance: 0 });
  }

  /**
   * Begins to watch, after the event given if the log still holds all that is later (protocol 2, resume), else at the
   * running turn's first event; undefined when the orchestrator would not be subscribed to.
   */
  open(conversationId: string, owner: WatchOwner, after?: StreamCursor): Watch | undefined {
    const { actors, feeds, logger } = this.#options;
    const { actor: parent } = owner;
    if (!parent) throw new Error("a connection without an actor cannot watch");
    const feed = feeds.open(conversationId);
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
        owner.ended(watch);
      },
    });
    if (feed.log.running) watch.tell("turn.began");
    if (owner.writer.congested) watch.tell("socket.congested");
    return watch;
  }

  /** Ends a watch at once: not a byte more is written for it, also if its actor should be late or gone. */
  end(watch: Watch): void {
    this.#release(watch);
    watch.actor?.send({ type: "watch.leave" });
  }

  /**
   * The socket asks for a turn of its own. The function returned takes that back as if it had never been asked, if it
   * is called before the fact is delivered: in the same tick.
   */
  ask(watch: Watch): () => void {
    let isMeant = true;
    this.#options.dispatchQueue.post(() => {
      if (isMeant) watch.actor?.send({ type: "turn.requested" });
    });
    return () => {
      isMeant = false;
    };
  }

  #release(watch: Watch): void {
    if (!this.#members.delete(watch.instance)) return;
    watch.cursor.drop();
    watch.feed.watchers.delete(watch);
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
        noteAsked: act((watch) => watch.owner.asked(watch.conversationId)),
        noteSettled: act((watch) => watch.owner.settled(watch.conversationId)),
      },
    });
  }

  /** One slice now, the next one when its turn comes. */
  #pump(watch: Watch): void {
    if (watch.cursor.pump() === "more") this.#catchUps.post(() => this.#pump(watch));
  }
}
