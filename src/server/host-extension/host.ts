// The host's interface, as far as turnwire uses it.
import type { Logger } from "../../ports/logger.ts";

export interface ServiceHandle {
  id: string;
  kind: "service";
}

export interface HookHandle {
  id: string;
  kind: "event";
}

export interface Host {
  getService(handle: ServiceHandle): unknown;
  on(hook: HookHandle, listener: (payload: unknown) => void): () => void;
  logger?: Partial<Logger>;
  config?: { get(key: string): unknown };
}
