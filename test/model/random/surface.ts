// A surface whose spec is a version number that grows with each change. It answers a request for the spec at once or on
// command. The answer is the version at the time of the request, or a failure with a unique message.
import type { SurfaceContext, SurfaceProvider } from "../../../src/ports/surfaces.ts";
import type { Spec } from "../../../src/protocol/surface.ts";
import { surfaceKey } from "../oracle/messages.ts";

export interface SurfaceAudience {
  changed(key: string, version: number): void;
  /** A request for the spec failed with this message. `version`: at the time of the request. */
  failed(key: string, version: number, failure: string): void;
}

export class VersionedSurface implements SurfaceProvider {
  readonly catalogEntry = { id: "panel", region: "side", title: "Panel" };
  answersLater = false;
  /** The next request for the spec fails. */
  failsNext = false;
  audience: SurfaceAudience = { changed: () => {}, failed: () => {} };
  #questions: (() => void)[] = [];
  readonly #versions = new Map<string, number>();
  readonly #listeners = new Set<(context?: SurfaceContext) => void>();
  #version = 0;
  #failures = 0;

  version(key: string): number {
    return this.#versions.get(key) ?? 0;
  }

  getSpec(context?: SurfaceContext): Spec | Promise<Spec> {
    const key = surfaceKey(this.catalogEntry.id, context?.conversationId);
    const failure = this.failsNext ? `broken ${++this.#failures}` : undefined;
    this.failsNext = false;
    const version = this.version(key);
    const spec: Spec = {
      ...this.catalogEntry,
      fields: [{ kind: "custom", rendererId: "test", payload: version }],
    };
    if (!this.answersLater) {
      if (failure === undefined) return spec;
      this.audience.failed(key, version, failure);
      throw new Error(failure);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Spec>();
    const answer = (): void => {
      if (failure === undefined) resolve(spec);
      else {
        this.audience.failed(key, version, failure);
        reject(new Error(failure));
      }
    };
    this.#questions.push(answer);
    return promise;
  }

  invoke(): void {}

  subscribe(onChange: (context?: SurfaceContext) => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  /** Makes a new version of the surface without a conversation and for all of these, or only for `only`. */
  change(conversationIds: readonly string[], only?: string): void {
    const version = ++this.#version;
    const all = only === undefined ? [undefined, ...conversationIds] : [only];
    for (const conversationId of all) {
      const key = surfaceKey(this.catalogEntry.id, conversationId);
      this.#versions.set(key, version);
      this.audience.changed(key, version);
    }
    for (const listener of [...this.#listeners]) listener(only === undefined ? undefined : { conversationId: only });
  }

  get questions(): number {
    return this.#questions.length;
  }

  /** Answers one of the pending requests for the spec. */
  answer(index: number): void {
    const [question] = this.#questions.splice(index % Math.max(1, this.#questions.length), 1);
    question?.();
  }

  forget(key: string): void {
    this.#versions.delete(key);
  }
}
