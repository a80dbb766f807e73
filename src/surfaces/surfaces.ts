// All surfaces that somebody looks at, and the catalog: adopts a surface actor at the first viewer, releases it after
// the last, follows the registry's changes, runs actions. Must never let a provider's failure reach anyone but its
// viewers.
import type { Actor, AnyActorRef } from "xstate";
import { surfaceMachine } from "../../machines/surface.ts";
import type { Limits } from "../limits.ts";
import { errorMessage, ignoreRejection } from "../ports/guard.ts";
import type { Logger } from "../ports/logger.ts";
import type { SurfaceProvider, SurfaceRegistry } from "../ports/surfaces.ts";
import type { CatalogEntry } from "../protocol/surface.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { DispatchQueue } from "../runtime/dispatch-queue.ts";
import { SurfaceFeed, type Viewer } from "./surface-feed.ts";

interface SurfaceEntry {
  instance: number;
  feed: SurfaceFeed;
  actor: Actor<typeof surfaceMachine> | undefined;
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

/** With and without a conversation are two subscriptions (protocol 1.1). */
export const surfaceKey = (surfaceId: string, conversationId: string | undefined): string =>
  JSON.stringify(conversationId === undefined ? [surfaceId] : [surfaceId, conversationId]);

export class Surfaces {
  readonly #options: SurfacesOptions;
  /** By key: what newcomers find. */
  readonly #entries = new Map<string, SurfaceEntry>();
  /** By instance: what the actors' actions find, also when a new life of the same surface has begun. */
  readonly #instances = new Map<number, SurfaceEntry>();
  #newestInstance = 0;
  readonly #machine: typeof surfaceMachine;
  #onCatalog: (() => void) | undefined;
  #off: (() => void) | undefined;
  #catalogText = "";
  #polledAt = Number.NEGATIVE_INFINITY;
  /** Of actions that have not settled. */
  readonly #actionTimers = new Set<Timer>();

  constructor(options: SurfacesOptions) {
    this.#options = options;
    this.#machine = this.#provide();
  }

  /** The catalog as it is now; empty when the registry fails or answers what JSON cannot hold. */
  catalog(): CatalogEntry[] {
    return (
      this.#ask("getCatalog", (registry) => {
        const catalog = ignoreRejection(registry.getCatalog());
        return typeof JSON.stringify(catalog) === "string" && Array.isArray(catalog) ? catalog : [];
      }) ?? []
    );
  }

  /** Does the registry say when its catalog changes? */
  get announcesChanges(): boolean {
    return this.#off !== undefined;
  }

  /** Follows the registry from now on; onCatalog is called after each change of the catalog. */
  follow(onCatalog: () => void): void {
    this.#onCatalog = onCatalog;
    this.#catalogText = JSON.stringify(this.catalog());
    const off = this.#ask("subscribe", (registry) => registry.subscribe?.(() => this.#registryChanged()));
    if (typeof off === "function") this.#off = off;
  }

  /** The sweep's round for a registry that does not announce its changes. */
  readonly round = (now: number): boolean => {
    if (this.#off || !this.#onCatalog || now - this.#polledAt < this.#options.limits.catalogPollMs) return false;
    this.#polledAt = now;
    this.#registryChanged();
    return false;
  };

  find(surfaceId: string): SurfaceProvider | undefined {
    return this.#ask("getSurface", (registry) => registry.getSurface(surfaceId));
  }

  /** Adds a viewer, or lets one that is already there await the surface again. */
  watch(surfaceId: string, conversationId: string | undefined, provider: SurfaceProvider, viewer: Viewer): void {
    const key = surfaceKey(surfaceId, conversationId);
    const present = this.#entries.get(key);
    const entry = present ?? this.#open(key, surfaceId, conversationId, provider);
    viewer.awaiting = Math.min(viewer.awaiting + 1, this.#options.limits.surfaceAnswersOwedMax);
    entry.feed.viewers.add(viewer);
    // The first one's question is being asked already.
    if (present) this.#tell(entry, "viewer.joined");
  }

  unwatch(key: string, viewer: Viewer): void {
    const entry = this.#entries.get(key);
    if (!entry?.feed.viewers.delete(viewer) || entry.feed.viewers.size > 0) return;
    this.#entries.delete(key);
    this.#tell(entry, "surface.release");
  }

  /** A socket has drained: what was held back for this viewer goes out. */
  catchUp(key: string, viewer: Viewer): void {
    this.#entries.get(key)?.feed.showTo(viewer);
  }

  /** Runs an action. Calls back once, with the reason when it threw, rejected or did not settle in time. */
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
      if (typeof outcome !== "object" || outcome === null || !("then" in outcome)) {
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
    // Now, and not as a fact: nothing may be left of them when a host goes on.
    for (const entry of [...this.#instances.values()]) entry.actor?.send({ type: "surface.release" });
    this.#entries.clear();
  }

  #open(key: string, surfaceId: string, conversationId: string | undefined, provider: SurfaceProvider): SurfaceEntry {
    const { actors, parent, logger } = this.#options;
    const owner = {
      built: () => this.#tellAnswer(entry, "spec.built"),
      failed: () => this.#tellAnswer(entry, "spec.failed"),
      changed: () => this.#tell(entry, "surface.changed"),
    };
    const feed = new SurfaceFeed(surfaceId, conversationId, provider, owner, this.#options);
    const instance = ++this.#newestInstance;
    const entry: SurfaceEntry = { instance, feed, actor: undefined };
    this.#entries.set(key, entry);
    this.#instances.set(instance, entry);
    feed.attach(provider);
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

  /** Facts keep their order: all of them go the same way. */
  #tell(
    entry: SurfaceEntry,
    type: "surface.changed" | "viewer.joined" | "spec.built" | "spec.failed" | "surface.release",
  ): void {
    this.#options.dispatchQueue.post(() => entry.actor?.send({ type }));
  }

  /** An answer that is on its way when the provider is asked once more is not the answer to that. */
  #tellAnswer(entry: SurfaceEntry, type: "spec.built" | "spec.failed"): void {
    const { question } = entry.feed;
    this.#options.dispatchQueue.post(() => {
      if (entry.feed.question === question) entry.actor?.send({ type });
    });
  }

  #provide(): typeof surfaceMachine {
    const act =
      (run: (feed: SurfaceFeed) => void) =>
      ({ context }: { context: { instance: number } }): void => {
        const entry = this.#instances.get(context.instance);
        if (entry) run(entry.feed);
      };
    return surfaceMachine.provide({
      actions: {
        askProvider: act((feed) => feed.ask()),
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

  /** A provider that announces nothing may have changed by its own action. */
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
