// The surface port: server-declared pieces of UI, each built by a provider. A provider may throw, reject, never answer
// or answer late; the surface actor (machines/surface.ts) turns that into an error for its viewers.
import type { CatalogEntry, Spec } from "../protocol/surface.ts";

/** Which conversation a surface is asked for; undefined: for none in particular. */
export type SurfaceContext = { conversationId: string } | undefined;

export interface SurfaceProvider {
  catalogEntry: CatalogEntry;
  /** Its actions change the server for everybody: they need the scope admin. */
  administers?: boolean;
  getSpec(context?: SurfaceContext): Spec | Promise<Spec>;
  invoke(actionId: string, payload?: unknown, context?: SurfaceContext): void | Promise<void>;
  /**
   * Calls back after every change of any of the provider's specs; a context names the one conversation whose spec has
   * changed. Without subscribe a spec is asked for anew by each newcomer and after each action.
   */
  subscribe?(onChange: (context?: SurfaceContext) => void): () => void;
}

export interface SurfaceRegistry {
  register(provider: SurfaceProvider): () => void;
  getCatalog(): CatalogEntry[];
  getSurface(id: string): SurfaceProvider | undefined;
  /**
   * Calls back after the catalog changed. A host's registry may lack it: then the catalog is compared once a second.
   */
  subscribe?(onChange: () => void): () => void;
}
