// All surfaces with viewers, and the catalog. A surface's actor is adopted for its first viewer and released after the
// last one. Also follows the registry's changes and runs surface actions. Must never let a provider's failure reach
// anyone but its viewers.
import { type Actor, type AnyActorRef, fromCallback } from "xstate";
import { type ProviderCommand, type SurfaceInput, surfaceMachine } from "../../machines/surface.ts";
import type { Limits } from "../limits.ts";
import { errorMessage, ignoreRejection, isThenable } from "../ports/guard.ts";
import type { Logger } from "../ports/logger.ts";
import type { SurfaceProvider, SurfaceRegistry } from "../ports/surfaces.ts";
import type { CatalogEntry } from "../protocol/surface.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { DispatchQueue } from "../runtime/dispatch-queue.ts";
import type { SendTo } from "../runtime/send-to.ts";
import { type ProviderSignal, SurfaceFeed, type Viewer } from "./surface-feed.ts";

interface SurfaceEntry {
  instance: number;
  feed: SurfaceFeed;
  actor: Actor<typeof surfaceMachine> | undefined;
  /** Tells the surface's actor what its provider has done, in the name of the provider's actor. */
  say: ((event: { type: ProviderSignal }) => void) | undefined;
}

export interface SurfacesOptions {
  registry: SurfaceRegistry;
  actors: ActorRegistry;
  parent: AnyActorRef;
  dispatchQueue: DispatchQueue;
  clock: Clock;
  limits: Limits;
  logger: Logger;
}

/** Identifies a subscription. With and without a conversation are two different ones (protocol 1.1). */
export const surfaceKey = (surfaceId: string, conversationId: string | undefined): string =>
  JSON.stringify(conversationId === undefined ? [surfaceId] : [surfaceId, conversationId]);

export class Surfaces {
  readonly #options: SurfacesOptions;
  /** By key: the entries that new viewers join. */
  readonly #entries = new Map<string, SurfaceEntry>();
  /** By instance: an actor's actions find their own entry here, even after a new one with the same key was opened. */
  readonly #instances = new Map<number, SurfaceEntry>();
  #newestInstance = 0;
  readonly #machine: typeof surfaceMachine;
  #onCatalog: (() => void) | undefined;
  #off: (() => void) | undefined;
  #catalogText = "";
  #polledAt = Number.NEGATIVE_INFINITY;
  /** Deadlines of actions that have not settled. */
  readonly #actionTimers = new Set<Timer>();

  constructor(options: SurfacesOptions) {
    this.#options = options;
    this.#machine = this.#provide();
  }

  /** The current catalog; empty when the registry fails or its catalog is not a JSON array. */
  catalog(): CatalogEntry[] {
    return (
      this.#ask("getCatalog", (registry) => {
        const catalog = ignoreRejection(registry.getCatalog());
        return typeof JSON.stringify(catalog) === "string" && Array.isArray(catalog) ? catalog : [];
      }) ?? []
    );
  }

  /** Whether the registry announces changes of its catalog. */
  get announcesChanges(): boolean {
    return this.#off !== undefined;
  }

  /** Starts following the registry. @param onCatalog is called after each change of the catalog. */
  follow(onCatalog: () => void): void {
    this.#onCatalog = onCatalog;
    this.#catalogText = JSON.stringify(this.catalog());
    const off = this.#ask("subscribe", (registry) => registry.subscribe?.(() => this.#registryChanged()));
    if (typeof off === "function") this.#off = off;
  }

  /** The sweep's round: polls a registry that does not announce its changes. */
  readonly round = (now: number): boolean => {
    if (this.#off || !this.#onCatalog || now - this.#polledAt < this.#options.limits.catalogPollMs) return false;
    this.#polledAt = now;
    this.#registryChanged();
    return false;
  };

  find(surfaceId: string): SurfaceProvider | undefined {
    return this.#ask("getSurface", (registry) => registry.getSurface(surfaceId));
  }

  /** Adds a viewer. One that is already there is sent the whole surface again. @param send to the surface's actor */
  watch(
    surfaceId: string,
    conversationId: string | undefined,
    provider: SurfaceProvider,
    viewer: Viewer,
    send: SendTo,
  ): void {
    const key = surfaceKey(surfaceId, conversationId);
    const present = this.#entries.get(key);
    const entry = present ?? this.#open(key, surfaceId, conversationId, provider);
    viewer.awaiting = Math.min(viewer.awaiting + 1, this.#options.limits.surfaceAnswersOwedMax);
    entry.feed.viewers.add(viewer);
    // A new entry's actor asks the provider by itself.
    if (present?.actor) send(present.actor, { type: "viewer.joined" });
  }

  unwatch(key: string, viewer: Viewer, send: SendTo): void {
    const entry = this.#entries.get(key);
    if (!entry?.feed.viewers.delete(viewer) || entry.feed.viewers.size > 0) return;
    this.#entries.delete(key);
    if (entry.actor) send(entry.actor, { type: "surface.release" });
  }

  /** After a socket has drained: sends the update that was held back for this viewer. */
  catchUp(key: string, viewer: Viewer): void {
    this.#entries.get(key)?.feed.showTo(viewer);
  }

  /** Runs an action. @param settled is called once, with a reason if the action threw, rejected or timed out. */
  invoke(
    provider: SurfaceProvider,
    request: { surfaceId: string; actionId: string; payload?: unknown; conversationId?: string | undefined },
    settled: (reason: string | undefined) => void,
  ): void {
    const { clock, limits } = this.#options;
    const { surfaceId, actionId, payload, conversationId } = request;
    let timer: Timer | undefined;
    let open = true;
    const settle = (reason: string | undefined): void => {
      if (!open) return;
      open = false;
      if (timer !== undefined) {
        clock.clearTimeout(timer);
        this.#actionTimers.delete(timer);
      }
      settled(reason);
      if (reason === undefined) this.#refreshUnannounced(surfaceId);
    };
    try {
      const outcome: unknown = provider.invoke(
        actionId,
        payload,
        conversationId === undefined ? undefined : { conversationId },
      );
      if (!isThenable(outcome)) {
        settle(undefined);
        return;
      }
      timer = clock.setTimeout(
        () => settle(`${actionId} did not settle within ${limits.surfaceAnswerMs / 1_000} s`),
        limits.surfaceAnswerMs,
      );
      this.#actionTimers.add(timer);
      Promise.resolve(outcome).then(
        () => settle(undefined),
        (error: unknown) => settle(errorMessage(error)),
      );
    } catch (error) {
      settle(errorMessage(error));
    }
  }

  stop(): void {
    this.#onCatalog = undefined;
    try {
      ignoreRejection<unknown>(this.#off?.());
    } catch (error) {
      this.#options.logger.warn("surfaces: unsubscribing threw", { reason: errorMessage(error) });
    }
    this.#off = undefined;
    for (const timer of this.#actionTimers) this.#options.clock.clearTimeout(timer);
    this.#actionTimers.clear();
    // Sent directly and not through the queue: nothing may be left of them when the agent host goes on.
    for (const entry of [...this.#instances.values()]) entry.actor?.send({ type: "surface.release" });
    this.#entries.clear();
  }

  #open(key: string, surfaceId: string, conversationId: string | undefined, provider: SurfaceProvider): SurfaceEntry {
    const { actors, parent, logger } = this.#options;
    const tell = (signal: ProviderSignal): void => this.#tell(entry, signal);
    const feed = new SurfaceFeed(surfaceId, conversationId, provider, tell, this.#options);
    const instance = ++this.#newestInstance;
    const entry: SurfaceEntry = { instance, feed, actor: undefined, say: undefined };
    this.#entries.set(key, entry);
    this.#instances.set(instance, entry);
    entry.actor = actors.adopt({
      parent,
      kind: "surface",
      logic: this.#machine,
      input: { surfaceId, conversationId, instance },
      onEnd: (error) => {
        feed.detach();
        this.#instances.delete(instance);
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
        if (error === undefined) return;
        logger.error("surface: defect", { surfaceId, error });
        feed.reportDefect();
      },
    });
    return entry;
  }

  /** Through the dispatch queue, which keeps the order. An answer is dropped if the provider was asked again first. */
  #tell(entry: SurfaceEntry, type: ProviderSignal): void {
    const { request } = entry.feed;
    this.#options.dispatchQueue.post(() => {
      if (type === "surface.changed" || entry.feed.request === request) entry.say?.({ type });
    });
  }

  #provide(): typeof surfaceMachine {
    const act =
      (run: (feed: SurfaceFeed) => void) =>
      ({ context }: { context: { instance: number } }): void => {
        const entry = this.#instances.get(context.instance);
        if (entry) run(entry.feed);
      };
    const provider = fromCallback<ProviderCommand, SurfaceInput>(({ input, sendBack, receive }) => {
      const entry = this.#instances.get(input.instance);
      if (!entry) return;
      entry.say = sendBack;
      entry.feed.attach();
      receive(() => entry.feed.ask());
    });
    return surfaceMachine.provide({
      actors: { provider },
      actions: {
        show: act((feed) => feed.show()),
        showToNewViewers: act((feed) => feed.showToNewViewers()),
        reportFailure: act((feed) => feed.reportFailure()),
        reportTimeout: act((feed) => feed.reportTimeout()),
      },
      guards: {
        changesAreAnnounced: ({ context }) => this.#instances.get(context.instance)?.feed.changesAreAnnounced === true,
      },
      delays: { answerTime: this.#options.limits.surfaceAnswerMs },
    });
  }

  #registryChanged(): void {
    const text = JSON.stringify(this.catalog());
    if (text !== this.#catalogText) {
      this.#catalogText = text;
      this.#onCatalog?.();
    }
    for (const entry of this.#entries.values()) {
      const provider = this.find(entry.feed.surfaceId);
      if (!provider || entry.feed.isProvidedBy(provider)) continue;
      entry.feed.attach(provider);
      this.#tell(entry, "surface.changed");
    }
  }

  /** Asks again after an action, because it may have changed the spec of a provider that announces nothing. */
  #refreshUnannounced(surfaceId: string): void {
    for (const entry of this.#entries.values())
      if (entry.feed.surfaceId === surfaceId && !entry.feed.changesAreAnnounced) this.#tell(entry, "surface.changed");
  }

  #ask<Answer>(call: string, ask: (registry: SurfaceRegistry) => Answer): Answer | undefined {
    try {
      return ignoreRejection(ask(this.#options.registry));
    } catch (error) {
      this.#options.logger.warn(`surface registry: ${call} threw`, { reason: errorMessage(error) });
      return undefined;
    }
  }
}
