// A surface provider that a test scripts. It shows one value and answers at once or when the test decides; the test can
// also replace its calls. It counts its listeners.
import type { SurfaceContext, SurfaceProvider, SurfaceRegistry } from "../../src/ports/surfaces.ts";
import type { CatalogEntry } from "../../src/protocol/surface.ts";
import { createSurfaceRegistry } from "../../src/surfaces/surface-registry.ts";

/** A getSpec call that waits for the test's answer. */
export interface Question {
  context: SurfaceContext;
  resolve(spec: unknown): void;
  reject(error: unknown): void;
}

export class ScriptedSurface {
  readonly catalogEntry: CatalogEntry;
  /** The value of the spec's only field. */
  value: unknown = "first";
  /** True: each getSpec call waits in `questions` until the test answers it. */
  answersLater = false;
  readonly questions: Question[] = [];
  /** Replaces getSpec; may throw. */
  getSpecInstead: ((context: SurfaceContext) => unknown) | undefined;
  invokeInstead: ((actionId: string, payload: unknown, context: SurfaceContext) => unknown) | undefined;
  subscribeInstead: ((onChange: (context?: SurfaceContext) => void) => unknown) | undefined;
  /** The context of every getSpec call. */
  readonly asked: SurfaceContext[] = [];
  readonly invoked: { actionId: string; payload: unknown; context: SurfaceContext }[] = [];
  readonly #listeners = new Set<(context?: SurfaceContext) => void>();
  /** Undefined for a provider that announces no changes. */
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

  /** Sets a new value and notifies the listeners. */
  change(value: unknown, context?: SurfaceContext): void {
    this.value = value;
    for (const listener of [...this.#listeners]) listener(context);
  }

  get subscriptions(): number {
    return this.#listeners.size;
  }
}

/** The object as the port. Checks only that its members exist. */
export function asProvider(surface: object): SurfaceProvider {
  if (isProvider(surface)) return surface;
  throw new Error("the object lacks members of the surface port");
}

const isProvider = (value: object): value is SurfaceProvider =>
  ["getSpec", "invoke"].every((call) => typeof Reflect.get(value, call) === "function") && "catalogEntry" in value;

/** The real registry with these surfaces. With announces: false it lacks subscribe, as a host's registry may. */
export function registryOf(surfaces: ScriptedSurface[], options: { announces?: boolean } = {}): SurfaceRegistry {
  const { register, getCatalog, getSurface, subscribe } = createSurfaceRegistry();
  for (const surface of surfaces) register(asProvider(surface));
  if (options.announces === false || subscribe === undefined) return { register, getCatalog, getSurface };
  return { register, getCatalog, getSurface, subscribe };
}
