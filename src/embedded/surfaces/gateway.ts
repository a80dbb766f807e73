// The surface `gateway`: the numbers of sockets and running turns, deltas per second, and a toggle that refuses new
// turns. Its figures are read once a second, and only while somebody watches it.
import type { SurfaceProvider } from "../../ports/surfaces.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Changes } from "../orchestrator/context.ts";

export interface GatewayFigures {
  sockets: number;
  runningTurns: number;
  /** Turn events since the start. */
  events: number;
  refusesTurns: boolean;
}

const refreshMs = 1_000;
const head = { id: "gateway", region: "status", title: "Gateway" };

export function createGatewaySurface(options: {
  clock: Clock;
  figures: () => GatewayFigures;
  setRefusesTurns: (refuses: boolean) => void;
  changes: Changes;
}): SurfaceProvider {
  const { clock, figures, setRefusesTurns, changes } = options;
  const listeners = new Set<() => void>();
  let timer: Timer | undefined;
  let unsubscribe: (() => void) | undefined;
  let last = { at: clock.now(), events: figures().events };
  let deltasPerSecond = 0;
  /** The figures in the spec that was built last. */
  let shown = "";

  const announce = (): void => {
    for (const listener of [...listeners]) listener();
  };

  const textOf = (sockets: number, runningTurns: number): string => `${sockets} ${runningTurns} ${deltasPerSecond}`;

  const refresh = (): void => {
    const now = clock.now();
    const { sockets, runningTurns, events } = figures();
    deltasPerSecond = Math.round(((events - last.events) * 1_000) / Math.max(1, now - last.at));
    last = { at: now, events };
    if (textOf(sockets, runningTurns) !== shown) announce();
    timer = clock.setTimeout(refresh, refreshMs);
  };

  const start = (): void => {
    last = { at: clock.now(), events: figures().events };
    deltasPerSecond = 0;
    timer = clock.setTimeout(refresh, refreshMs);
    unsubscribe = changes((change) => {
      if (change.what === "turns") announce();
    });
  };

  const stop = (): void => {
    clock.clearTimeout(timer);
    unsubscribe?.();
  };

  return {
    catalogEntry: head,
    administers: true,
    getSpec() {
      const { sockets, runningTurns, refusesTurns } = figures();
      shown = textOf(sockets, runningTurns);
      return {
        ...head,
        fields: [
          { kind: "stat", label: "Sockets", value: String(sockets) },
          { kind: "stat", label: "Running turns", value: String(runningTurns) },
          { kind: "stat", label: "Deltas per second", value: String(deltasPerSecond) },
          {
            kind: "toggle",
            label: "Refuse new turns",
            value: refusesTurns,
            action: { actionId: "set-refuses-turns" },
          },
        ],
      };
    },
    invoke(actionId, payload) {
      if (actionId !== "set-refuses-turns")
        throw new Error(`gateway has no action "${actionId}": it has set-refuses-turns`);
      setRefusesTurns(wanted(payload, !figures().refusesTurns));
    },
    subscribe(onChange) {
      const listener = (): void => onChange();
      listeners.add(listener);
      if (listeners.size === 1) start();
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop();
      };
    },
  };
}

/** Accepts true, false or {value: true|false}. Without a payload the toggle flips. */
function wanted(payload: unknown, otherwise: boolean): boolean {
  if (payload === undefined || payload === null) return otherwise;
  const value: unknown = typeof payload === "object" && "value" in payload ? payload.value : payload;
  if (typeof value !== "boolean") throw new Error('the payload must be {"value": true} or {"value": false}');
  return value;
}
