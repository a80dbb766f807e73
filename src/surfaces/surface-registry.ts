// The surface registry of this process: its providers, in order of registration.
import type { SurfaceProvider, SurfaceRegistry } from "../ports/surfaces.ts";
import type { CatalogEntry } from "../protocol/surface.ts";

export function createSurfaceRegistry(): SurfaceRegistry {
  const providers = new Map<string, SurfaceProvider>();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of [...listeners]) listener();
  };
  return {
    /** @throws Error when a surface with this id is already registered. */
    register(provider) {
      const { id } = provider.catalogEntry;
      if (providers.has(id)) throw new Error(`a surface "${id}" is registered already: unregister it first`);
      providers.set(id, provider);
      changed();
      return () => {
        if (providers.get(id) !== provider) return;
        providers.delete(id);
        changed();
      };
    },
    getCatalog: (): CatalogEntry[] => [...providers.values()].map((provider) => provider.catalogEntry),
    getSurface: (id) => providers.get(id),
    subscribe(onChange) {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
  };
}
