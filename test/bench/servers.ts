// The measured servers: how to start each one, and which dialect its peers speak. All servers on Node get the same
// flags.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Dialect } from "./bench-peer.ts";

export type ServerName = "turnwire" | "plain-ws" | "socket-io" | "bun" | "blast";

interface ServerProgram {
  /** Display name. */
  title: string;
  command?: string;
  args: string[];
  dialect: Dialect;
}

/** The flags of `npm start`, and `--expose-gc` so that garbage can be collected before memory is measured. */
export const nodeFlags = [
  "--expose-gc",
  "--max-semi-space-size=8",
  "--v8-pool-size=1",
  "--disable-warning=ExperimentalWarning",
];

const fileOf = (name: ServerName): string => fileURLToPath(new URL(`./servers/${name}.ts`, import.meta.url));
const onNode = (name: ServerName, title: string, dialect: Dialect = "json"): ServerProgram => ({
  title,
  args: [...nodeFlags, fileOf(name)],
  dialect,
});

export const servers: Record<ServerName, ServerProgram> = {
  turnwire: onNode("turnwire", "turnwire"),
  "plain-ws": onNode("plain-ws", "plain ws"),
  "socket-io": onNode("socket-io", "Socket.IO", "socket.io"),
  bun: { title: "Bun", command: "bun", args: [fileOf("bun")], dialect: "json" },
  blast: onNode("blast", "pre-encoded bytes"),
};

/** The version of the bun binary on PATH, or undefined. */
export function bunVersion(): string | undefined {
  const { status, stdout } = spawnSync("bun", ["--version"], { encoding: "utf8", timeout: 10_000 });
  return status === 0 ? stdout.trim() : undefined;
}
