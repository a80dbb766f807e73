// A surface provider that a test scripts: it shows one value, answers at once or when the test says so, or does what
// the test puts in place of an answer. Counts who listens.
import type { SurfaceContext, SurfaceProvider, SurfaceRegistry } from "../../src/ports/surfaces.ts";
import type { CatalogEntry } from "../../src/protocol/surface.ts";
import { createSurfaceRegistry } from "../../src/surfaces/surface-registry.ts";

/** One question that waits for the test's answer. */
export interface Question {
  context: SurfaceContext;
  resolve(spec: unknown): void;
  reject(error: unknown): void;
}

export class ScriptedSurface {
  readonly catalogEntry: CatalogEntry;
  /** Shown in the spec's one field. */
  value: unknown = "first";
  /** True: each getSpec waits in `questions` for the test. */
  answersLater = false;
  readonly questions: Question[] = [];
  /** In place of the spec; may throw. */
  getSpecInstead: ((context: SurfaceContext) => unknown) | undefined;
  invokeInstead: ((actionId: string, payload: unknown, context: SurfaceContext) => unknown) | undefined;
  subscribeInstead: ((onChange: (context?: SurfaceContext) => void) => unknown) | undefined;
  /** How often, and for what, a spec was asked for. */
  readonly asked: SurfaceContext[] = [];
  readonly invoked: { actionId: string; payload: unknown; context: SurfaceContext }[] = [];
  readonly #listeners = new Set<(context?: SurfaceContext) => void>();
  /** Undefined for a provider that announces nothing. */
  subscribe: ((onChange: (context?: SurfaceContext) => void) => unknown) | undefined;

  constructor(id: string, options: { announces?: boolean } = {}) {
    this.catalogEntry = { id, region: "side", title: `The ${id}` };
    if (options.announces === false) return;
    this.subscribe = (onChange) => {
      if (this.subscribeInstead) return this.subscribeInstead(onChange);
      this.#listeners.add(onChange);
      return () => this.#listeners.delete(onChange);
    };
  }

  spec(value: unknown = this.value): unknown {
    return { ...this.catalogEntry, fields: [{ kind: "custom", rendererId: "test", payload: value }] };
  }

  getSpec(context?: SurfaceContext): unknown {
    this.asked.push(context);
    if (this.getSpecInstead) return this.getSpecInstead(context);
    if (!this.answersLater) return this.spec();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.questions.push({ context, resolve, reject });
    return promise;
  }

  invoke(actionId: string, payload?: unknown, context?: SurfaceContext): unknown {
    this.invoked.push({ actionId, payload, context });
    return this.invokeInstead?.(actionId, payload, context);
  }

  /** Takes a new value and says so. */
  change(value: unknown, context?: SurfaceContext): void {
    this.value = value;
    for (const listener of [...this.#listeners]) listener(context);
  }

  get subscriptions(): number {
    return this.#listeners.size;
  }
}

/** The port, as far as anybody can see from outside. */
export function asProvider(surface: object): SurfaceProvider {
  if (isProvider(surface)) return surface;
  throw new Error("this lacks calls of the surface port");
}

const isProvider = (value: object): value is SurfaceProvider =>
  ["getSpec", "invoke"].every((call) => typeof Reflect.get(value, call) === "function") && "catalogEntry" in value;

/** The real registry with the surfaces given; without `announces` it lacks subscribe, as a host's may. */
export function registryOf(surfaces: ScriptedSurface[], options: { announces?: boolean } = {}): SurfaceRegistry {
  const { register, getCatalog, getSurface, subscribe } = createSurfaceRegistry();
  for (const surface of surfaces) register(asProvider(surface));
  if (options.announces === false || subscribe === undefined) return { register, getCatalog, getSurface };
  return { register, getCatalog, getSurface, subscribe };
}
