// A fake agent host: services, hooks, config and a logger. It records the handles requested and the lines logged.

import type { Logger } from "../../src/ports/logger.ts";
import type { Host } from "../../src/server/host-extension.ts";

export interface Line {
  level: string;
  message: string;
  fields: Record<string, unknown> | undefined;
}

export const hooks = {
  opened: "session-orchestrator/conversation-opened",
  statusChanged: "session-orchestrator/conversation-status-changed",
  compacted: "session-orchestrator/conversation-compacted",
} as const;

export class FakeHost implements Host {
  readonly services = new Map<string, unknown>();
  readonly settings = new Map<string, unknown>([["surfaceWsPort", 0]]);
  readonly lines: Line[] = [];
  /** Every handle that was requested or listened to. */
  readonly handles: { id: string; kind: string }[] = [];
  readonly #listeners = new Map<string, Set<(payload: unknown) => void>>();
  readonly config = { get: (key: string): unknown => this.settings.get(key) };
  logger: Partial<Logger> = {
    debug: (message, fields) => this.lines.push({ level: "debug", message, fields }),
    info: (message, fields) => this.lines.push({ level: "info", message, fields }),
    warn: (message, fields) => this.lines.push({ level: "warn", message, fields }),
    error: (message, fields) => this.lines.push({ level: "error", message, fields }),
  };

  getService(handle: { id: string; kind: string }): unknown {
    this.handles.push(handle);
    return this.services.get(handle.id);
  }

  on(hook: { id: string; kind: string }, listener: (payload: unknown) => void): () => void {
    this.handles.push(hook);
    const listeners = this.#listeners.get(hook.id) ?? new Set();
    this.#listeners.set(hook.id, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Fires a hook. */
  fire(hookId: string, payload: unknown): void {
    for (const listener of [...(this.#listeners.get(hookId) ?? [])]) listener(payload);
  }

  /** How many listeners there are on all hooks. */
  get listenerCount(): number {
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  /** The log lines with this message. */
  said(message: string): Line[] {
    return this.lines.filter((line) => line.message === message);
  }
}
