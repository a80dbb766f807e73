// The server under load, as a process of its own. It is the real server, with a channel to its parent for its internal
// figures and for the defects that a proof provokes.

import { Recorder } from "../../src/diagnostics/inspection/recorder.ts";
import { limits } from "../../src/limits.ts";
import type { Logger } from "../../src/ports/logger.ts";
import { readConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { systemClock } from "../support/system-clock.ts";

export type Ask =
  | { ask: "figures" }
  | { ask: "collect" }
  | { ask: "crash"; count: number }
  | { ask: "record"; isOn: boolean }
  | { ask: "stop" };

export interface Figures {
  /** Milliseconds of CPU since the start, user and system. */
  cpuMs: number;
  rssBytes: number;
  heapBytes: number;
  /** Memory in V8's heap and outside it (`external`), including garbage that is not collected yet. */
  heldBytes: number;
  /** Bytes of the turn logs, which have a budget of their own. */
  logBytes: number;
  sockets: number;
  watches: number;
  /** Long messages that wait for their turn. */
  longMessages: number;
  /** How many sockets the server has closed with each code. */
  closedWith: Record<string, number>;
  /** Defects logged. */
  defects: number;
}

const closedWith: Record<string, number> = {};
let defects = 0;
const logger: Logger = {
  debug(message, fields) {
    if (message !== "transport-ws: connection close") return;
    const code = String(fields?.["code"] ?? "none");
    closedWith[code] = (closedWith[code] ?? 0) + 1;
  },
  info: () => {},
  warn: () => {},
  error: () => {
    defects++;
  },
};

const [, , dataDir = ":memory:"] = process.argv;
const flags = ["--no-token", "--port", "0", "--http-port", "0", "--data-dir", dataDir, "--inspect"];
const command = readConfig(["serve", ...flags], {});
if (command.kind !== "serve") throw new Error("the load server could not read its own configuration");
const server = await startServer({ config: command.config, logger });

const figures = (): Figures => {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { sockets, watches, logBytes, longMessages } = server.gateway.counts();
  return {
    cpuMs: (user + system) / 1_000,
    rssBytes: rss,
    heapBytes: heapUsed,
    heldBytes: heapUsed + external,
    logBytes,
    sockets,
    watches,
    longMessages,
    closedWith,
    defects,
  };
};

/** Provokes a defect inside connection actors: reading the message throws in the middle of an action. */
function crash(count: number): void {
  const connections = [...server.gateway.connections.all()];
  const step = Math.max(1, Math.floor(connections.length / count));
  for (let index = 0; index < count; index++) {
    const message = {
      type: "chat.subscribe" as const,
      get conversationId(): string {
        throw new Error("a defect provoked by the load proof");
      },
    };
    connections[index * step]?.actor?.send(message);
  }
}

/** Stands for --inspect=record, so that one process can be measured with and without it. */
let recorder: Recorder | undefined;

function record(isOn: boolean): void {
  const { inspection } = server.gateway;
  recorder?.stop();
  recorder = isOn ? new Recorder({ inspection, payloads: "hidden", clock: systemClock, limits }) : undefined;
}

process.on("message", ({ ask, ...rest }: Ask) => {
  if (ask === "collect") globalThis.gc?.();
  if (ask === "crash" && "count" in rest) crash(rest.count);
  if (ask === "record" && "isOn" in rest) record(rest.isOn);
  if (ask === "stop") void server.stop().then(() => process.exit(0));
  process.send?.({ ...figures(), wsUrl: server.wsUrl, httpUrl: server.httpUrl });
});
process.send?.({ ...figures(), wsUrl: server.wsUrl, httpUrl: server.httpUrl });
// Without its parent, nothing else would end this process.
process.on("disconnect", () => process.exit(1));
