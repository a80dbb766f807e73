// Delivers one surface to its viewers. It asks the provider when the surface's actor says so, encodes each spec once
// for all viewers, and tracks which version each viewer has. Must never send an update before the surface, nor an older
// spec after a newer one (protocol 1.1, 1.5.4).
import type { SocketWriter } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import { errorMessage, ignoreRejection, isThenable } from "../ports/guard.ts";
import type { Logger } from "../ports/logger.ts";
import type { SurfaceProvider } from "../ports/surfaces.ts";
import { encodeKept, encodeMessage } from "../protocol/frame.ts";
import { refusals } from "../protocol/refusals.ts";
import type { Clock } from "../runtime/clock.ts";
import { FanOut } from "../runtime/fan-out.ts";

/** One socket's subscription to a surface. */
export interface Viewer {
  readonly writer: SocketWriter;
  /** Requests for the whole surface that are not answered yet. At 0, changes reach it as updates. */
  awaiting: number;
  /** The version of the last spec it was sent. */
  version: number;
}

/** What a provider has done. The surface's actor hears of it. */
export type ProviderSignal = "surface.changed" | "spec.built" | "spec.failed";

export class SurfaceFeed {
  readonly surfaceId: string;
  readonly conversationId: string | undefined;
  readonly viewers = new Set<Viewer>();
  readonly #tell: (signal: ProviderSignal) => void;
  readonly #limits: Limits;
  readonly #logger: Logger;
  readonly #fanOut: FanOut<Viewer>;
  #provider: SurfaceProvider;
  #unsubscribe: (() => void) | undefined;
  /** The newest valid spec, encoded as both messages. */
  #surfaceFrame: Buffer | undefined;
  #updateFrame: Buffer | undefined;
  #version = 0;
  /** Number of the last request to the provider. Answers to earlier ones are dropped. */
  #request = 0;
  /** A call to the provider is on the stack. A change that it announces now is already in its answer. */
  #asking = false;
  #pending: string | undefined;
  #failure = "";

  constructor(
    surfaceId: string,
    conversationId: string | undefined,
    provider: SurfaceProvider,
    tell: (signal: ProviderSignal) => void,
    { clock, limits, logger }: { clock: Clock; limits: Limits; logger: Logger },
  ) {
    this.surfaceId = surfaceId;
    this.conversationId = conversationId;
    this.#provider = provider;
    this.#tell = tell;
    this.#limits = limits;
    this.#logger = logger;
    this.#fanOut = new FanOut({
      clock,
      limits,
      members: () => this.viewers,
      write: (viewer) => this.showTo(viewer),
    });
  }

  /** Whether the provider announces changes. If it does not, it is asked again for each new viewer. */
  get changesAreAnnounced(): boolean {
    return this.#unsubscribe !== undefined;
  }

  /** Subscribes to the provider's changes. Called when the feed begins, and again when its provider was replaced. */
  attach(provider = this.#provider): void {
    this.detach();
    this.#provider = provider;
    let listening = true;
    try {
      const off: unknown = provider.subscribe?.((context) => {
        const conversationId = context?.conversationId;
        if (!listening || this.#asking) return;
        if (conversationId === undefined || conversationId === this.conversationId) this.#tell("surface.changed");
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

  /** Number of the last request to the provider, to recognise outdated answers. */
  get request(): number {
    return this.#request;
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

  /** Requests the spec. Only the answer to the newest request counts, however late it is. */
  ask(): void {
    const request = ++this.#request;
    const failed = (error: unknown): void => {
      if (request !== this.#request) return;
      this.#failure = errorMessage(error);
      this.#tell("spec.failed");
    };
    const built = (spec: unknown): void => {
      if (request !== this.#request) return;
      this.#pending = specText(spec, this.#limits);
      this.#tell("spec.built");
    };
    try {
      const spec = this.#askProvider();
      if (isThenable(spec)) Promise.resolve(spec).then(built).catch(failed);
      else built(spec);
    } catch (error) {
      failed(error);
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

  /** Makes the spec just received the newest one and sends it to every viewer. */
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

  /** Sends the newest spec to a viewer that lacks it. A congested viewer gets updates after it has drained. */
  showTo(viewer: Viewer): void {
    if (!this.#surfaceFrame || !this.#updateFrame) return;
    if (viewer.awaiting > 0) {
      viewer.version = this.#version;
      for (; viewer.awaiting > 0; viewer.awaiting--) viewer.writer.control(this.#surfaceFrame);
    } else if (viewer.version < this.#version && !viewer.writer.congested) {
      viewer.version = this.#version;
      viewer.writer.control(this.#updateFrame);
    }
  }

  showToNewViewers(): void {
    this.#fanOut.want();
  }

  /** Tells every viewer why there is no spec. Their subscriptions stay. */
  reportFailure(): void {
    this.#report(this.#failure);
  }

  reportTimeout(): void {
    this.#report(`${this.surfaceId} did not answer within ${this.#limits.surfaceAnswerMs / 1_000} s`);
  }

  /** The surface's actor has failed, so the provider is not asked any more. */
  reportDefect(): void {
    this.#report("an internal error has ended this surface: subscribe to it again");
  }

  #report(reason: string): void {
    const { surfaceId, conversationId } = this;
    this.#logger.warn("transport-ws: surface-op error", { surfaceId, reason });
    const frame = encodeMessage(refusals.surfaceFailed(surfaceId, reason, conversationId).reply);
    for (const viewer of this.viewers) viewer.writer.control(frame);
  }
}

/** The spec as JSON. @throws Error when it is not a JSON object, or larger than specCharactersMax. */
function specText(spec: unknown, { specCharactersMax }: Limits): string {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) throw new Error("the surface returned no spec");
  const text: string | undefined = JSON.stringify(spec);
  // Its toJSON may return anything.
  if (text?.[0] !== "{") throw new Error("the surface returned a spec that is not a JSON object");
  if (text.length > specCharactersMax)
    throw new Error(`the surface returned a spec that is too large: over ${specCharactersMax} characters`);
  return text;
}
