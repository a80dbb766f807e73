// The surface port: parts of the UI that the server declares, each built by a provider. A provider may throw, reject,
// answer late or never; the surface actor (machines/surface.ts) turns that into an error for its viewers.
import type { CatalogEntry, Spec } from "../protocol/surface.ts";

/** The conversation that a surface is requested for; undefined for none. */
export type SurfaceContext = { conversationId: string } | undefined;

export interface SurfaceProvider {
  catalogEntry: CatalogEntry;
  /** True if its actions affect the whole server; they then need the scope admin. */
  administers?: boolean;
  getSpec(context?: SurfaceContext): Spec | Promise<Spec>;
  invoke(actionId: string, payload?: unknown, context?: SurfaceContext): void | Promise<void>;
  /**
   * Calls back after every change of any of the provider's specs. A context names the one conversation whose spec has
   * changed. Without subscribe, a spec is requested again for each new viewer and after each action.
   */
  subscribe?(onChange: (context?: SurfaceContext) => void): () => void;
}

export interface SurfaceRegistry {
  register(provider: SurfaceProvider): () => void;
  getCatalog(): CatalogEntry[];
  getSurface(id: string): SurfaceProvider | undefined;
  /** Calls back after the catalog has changed. Without it, the catalog is compared every limits.catalogPollMs. */
  subscribe?(onChange: () => void): () => void;
}
