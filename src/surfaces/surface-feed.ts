// One surface as its viewers get it: asks the provider when the surface's actor says so, encodes each spec once for all
// viewers, and keeps for each what it has seen. Must never send an update before the surface, nor an older spec after a
// newer one (protocol 1.1, 1.5.4).

import type { SocketWriter } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import { errorMessage, ignoreRejection } from "../ports/guard.ts";
import type { Logger } from "../ports/logger.ts";
import type { SurfaceProvider } from "../ports/surfaces.ts";
import { encodeKept, encodeMessage } from "../protocol/frame.ts";
import { refusals } from "../protocol/refusals.ts";
import type { Clock } from "../runtime/clock.ts";
import { FanOut } from "../runtime/fan-out.ts";

/** One socket's subscription to a surface. */
export interface Viewer {
  readonly writer: SocketWriter;
  /** How many times it has asked for the whole surface and not got it; 0: changes reach it as updates. */
  awaiting: number;
  /** The version of the spec it has seen last. */
  version: number;
  /** It has been given the surface: its actor is told. */
  shown(): void;
}

/** What a surface feed finds out; the owner sends it to the surface's actor. */
export interface SurfaceFeedOwner {
  built(): void;
  failed(): void;
  changed(): void;
}

export class SurfaceFeed {
  readonly surfaceId: string;
  readonly conversationId: string | undefined;
  readonly viewers = new Set<Viewer>();
  readonly #owner: SurfaceFeedOwner;
  readonly #limits: Limits;
  readonly #logger: Logger;
  readonly #fanOut: FanOut<Viewer>;
  #provider: SurfaceProvider;
  #unsubscribe: (() => void) | undefined;
  /** The newest good spec, as both messages. */
  #surfaceFrame: Buffer | undefined;
  #updateFrame: Buffer | undefined;
  #version = 0;
  /** The last question asked; answers to earlier ones are too late. */
  #question = 0;
  /** The provider is being asked at this moment: a change that it announces now is in its answer. */
  #asking = false;
  #pending: string | undefined;
  #failure = "";

  constructor(
    surfaceId: string,
    conversationId: string | undefined,
    provider: SurfaceProvider,
    owner: SurfaceFeedOwner,
    { clock, limits, logger }: { clock: Clock; limits: Limits; logger: Logger },
  ) {
    this.surfaceId = surfaceId;
    this.conversationId = conversationId;
    this.#provider = provider;
    this.#owner = owner;
    this.#limits = limits;
    this.#logger = logger;
    this.#fanOut = new FanOut({
      clock,
      limits,
      members: () => this.viewers,
      write: (viewer) => this.showTo(viewer),
    });
  }

  /** Does the provider say when its spec changes? Otherwise each newcomer makes us ask again. */
  get changesAreAnnounced(): boolean {
    return this.#unsubscribe !== undefined;
  }

  /** Listens to the provider's changes; called once when the feed begins, and again when the provider was replaced. */
  attach(provider: SurfaceProvider): void {
    this.detach();
    this.#provider = provider;
    let listening = true;
    try {
      const off: unknown = provider.subscribe?.((context) => {
        const conversationId = context?.conversationId;
        if (!listening || this.#asking) return;
        if (conversationId === undefined || conversationId === this.conversationId) this.#owner.changed();
      });
      ignoreRejection(off);
      if (typeof off !== "function") return;
      this.#unsubscribe = () => {
        listening = false;
        ignoreRejection(off());
      };
    } catch (error) {
      listening = false;
      this.#logger.warn("transport-ws: surface-op error", { surfaceId: this.surfaceId, reason: errorMessage(error) });
    }
  }

  /** Tells the last question asked from those before it. */
  get question(): number {
    return this.#question;
  }

  isProvidedBy(provider: SurfaceProvider | undefined): boolean {
    return this.#provider === provider;
  }

  detach(): void {
    const off = this.#unsubscribe;
    this.#unsubscribe = undefined;
    try {
      off?.();
    } catch (error) {
      this.#logger.warn("transport-ws: surface-op error", { surfaceId: this.surfaceId, reason: errorMessage(error) });
    }
  }

  /** Asks for the spec. The answer to an older question is dropped; a late answer to the newest one is welcome. */
  ask(): void {
    const question = ++this.#question;
    const settle = (answer: () => string): void => {
      if (question !== this.#question) return;
      try {
        this.#pending = answer();
      } catch (error) {
        this.#fail(errorMessage(error));
        return;
      }
      this.#owner.built();
    };
    try {
      const spec = this.#askProvider();
      if (spec instanceof Promise || isThenable(spec))
        Promise.resolve(spec).then(
          (value: unknown) => settle(() => specText(value, this.#limits)),
          (error: unknown) =>
            settle(() => {
              throw error;
            }),
        );
      else settle(() => specText(spec, this.#limits));
    } catch (error) {
      if (question === this.#question) this.#fail(errorMessage(error));
    }
  }

  #askProvider(): unknown {
    const { conversationId } = this;
    this.#asking = true;
    try {
      return this.#provider.getSpec(conversationId === undefined ? undefined : { conversationId });
    } finally {
      this.#asking = false;
    }
  }

  /** What was built is the newest spec now: every viewer gets it. */
  show(): void {
    const spec = this.#pending;
    if (spec === undefined) return;
    this.#pending = undefined;
    const id = JSON.stringify(this.surfaceId);
    const conversation =
      this.conversationId === undefined ? "" : `,"conversationId":${JSON.stringify(this.conversationId)}`;
    this.#surfaceFrame = encodeKept(`{"type":"surface","spec":${spec}${conversation}}`);
    this.#updateFrame = encodeKept(`{"type":"update","update":{"surfaceId":${id},"spec":${spec}${conversation}}}`);
    this.#version++;
    this.#fanOut.want();
  }

  /** Gives the newest spec to a viewer that has not seen it. A congested one gets it when it has drained. */
  showTo(viewer: Viewer): void {
    if (!this.#surfaceFrame || !this.#updateFrame) return;
    if (viewer.awaiting > 0) {
      viewer.version = this.#version;
      for (; viewer.awaiting > 0; viewer.awaiting--) viewer.writer.control(this.#surfaceFrame);
      viewer.shown();
    } else if (viewer.version < this.#version && !viewer.writer.congested) {
      viewer.version = this.#version;
      viewer.writer.control(this.#updateFrame);
    }
  }

  showToNewViewers(): void {
    this.#fanOut.want();
  }

  /** Tells every viewer why there is no spec; their subscriptions stay. */
  reportFailure(): void {
    this.#report(this.#failure);
  }

  reportTimeout(): void {
    this.#report(`${this.surfaceId} did not answer within ${this.#limits.surfaceAnswerMs / 1_000} s`);
  }

  /** A defect of ours has ended the surface's actor: nobody asks the provider any more. */
  reportDefect(): void {
    this.#report("an internal error has ended this surface: subscribe to it again");
  }

  #fail(reason: string): void {
    this.#failure = reason;
    this.#owner.failed();
  }

  #report(reason: string): void {
    const { surfaceId, conversationId } = this;
    this.#logger.warn("transport-ws: surface-op error", { surfaceId, reason });
    const frame = encodeMessage(refusals.surfaceFailed(surfaceId, reason, conversationId).reply);
    for (const viewer of this.viewers) viewer.writer.control(frame);
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";

/** The spec as JSON. @throws Error when it is none. */
function specText(spec: unknown, { specCharactersMax }: Limits): string {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) throw new Error("the surface returned no spec");
  const text: string | undefined = JSON.stringify(spec);
  // A toJSON may make anything of itself.
  if (text?.[0] !== "{") throw new Error("the surface returned a spec that is no JSON object");
  if (text.length > specCharactersMax)
    throw new Error(`the surface returned a spec that is too large: over ${specCharactersMax} characters`);
  return text;
}
