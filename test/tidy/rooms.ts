// The rooms of src/ and machines/: what each is for, and which others it may import, types included. A tidy check
// compares the code with this table, and `npm run pictures` prints it into docs/architecture.md.
import { importsOf } from "./imports.ts";
import { isIn, isTypeScript, type Source } from "./source.ts";

export interface Room {
  name: string;
  /** A room imports only rooms of lower floors. */
  floor: number;
  contract: string;
  imports: readonly string[];
}

const base = ["protocol", "runtime"];
const ground = ["ports", ...base];
const charted = ["egress", "machines", ...ground];

export const rooms: readonly Room[] = [
  {
    name: "protocol",
    floor: 1,
    contract: "The wire contract as types, schemas, catalogues and bytes. Pure.",
    imports: [],
  },
  {
    name: "runtime",
    floor: 1,
    contract: "Time, the event loop and XState plumbing. Knows no socket and no turn.",
    imports: [],
  },
  {
    name: "machines",
    floor: 2,
    contract: "The statecharts, and nothing else.",
    imports: ["protocol"],
  },
  {
    name: "ports",
    floor: 2,
    contract: "What the server asks of the outside, and the guards that make such a call safe.",
    imports: ["protocol"],
  },
  {
    name: "access",
    floor: 3,
    contract: "Who may come in, what they may do, and how much of it.",
    imports: ground,
  },
  {
    name: "egress",
    floor: 3,
    contract: "Every byte to a socket: the transport's contract, the writer and its send window.",
    imports: ground,
  },
  {
    name: "embedded",
    floor: 3,
    contract: "What stands behind the ports in this process: orchestrator, store, agents, surfaces, tools.",
    imports: ["machines", ...ground],
  },
  {
    name: "transport",
    floor: 4,
    contract: "ws and TCP: admits connections and reads them fairly. The only importer of ws.",
    imports: ["access", "egress", ...ground],
  },
  {
    name: "streams",
    floor: 4,
    contract: "A conversation's event log, and every watcher's place in it.",
    imports: charted,
  },
  {
    name: "surfaces",
    floor: 4,
    contract: "A surface, asked once for all its viewers.",
    imports: charted,
  },
  {
    name: "connections",
    floor: 5,
    contract: "One socket's requests: parse, limit, authorise, dispatch, reply.",
    imports: ["streams", "surfaces", "access", ...charted],
  },
  {
    name: "diagnostics",
    floor: 6,
    contract: "Inspect, why, metrics and the Stately bridge: they look at the rest and never change it.",
    imports: ["connections", "access", ...charted],
  },
  {
    name: "gateway",
    floor: 7,
    contract: "Puts the real-time core together; broadcasts and drains.",
    imports: ["diagnostics", "connections", "streams", "surfaces", "access", ...charted],
  },
  {
    name: "http",
    floor: 7,
    contract: "The HTTP API over the same ports.",
    imports: ["access", "diagnostics", ...ground],
  },
  {
    name: "server",
    floor: 8,
    contract: "Composition: configuration, commands, the process and the host extension.",
    imports: [
      "gateway",
      "http",
      "diagnostics",
      "connections",
      "transport",
      "embedded",
      "streams",
      "surfaces",
      "access",
      ...charted,
    ],
  },
  {
    name: "page",
    floor: 0,
    contract: "The browser's side: served as it is, imported by nobody.",
    imports: [],
  },
];

/** The files directly in src/. Every room may import the types of limits.ts, and version.ts. */
const frontDoors = ["src/cli.ts", "src/turnwire.ts", "src/limits.ts", "src/version.ts"];
const everywhere: ReadonlySet<string> = new Set(["src/limits.ts", "src/version.ts"]);

/** The room of a file, or undefined when it is in none. */
function roomOf(path: string): string | undefined {
  if (path.startsWith("machines/")) return "machines";
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** Imports between rooms that the table does not allow, and files that are in no room. */
export function wrongRooms(sources: readonly Source[], table: readonly Room[] = rooms): string[] {
  const known = new Map(table.map((room) => [room.name, room]));
  return sources
    .filter((source) => isIn("src", "machines")(source) && isTypeScript(source))
    .flatMap((source) => {
      const room = roomOf(source.path);
      if (room === undefined)
        return frontDoors.includes(source.path) ? [] : [`${source.path}: is in no room; src/ itself holds four files`];
      const mine = known.get(room);
      if (!mine) return [`${source.path}: the room ${room} is not in the table`];
      return importsOf(source).flatMap(({ target, line }) => {
        if (target === undefined || everywhere.has(target)) return [];
        const theirs = roomOf(target);
        if (theirs === room || (theirs !== undefined && mine.imports.includes(theirs))) return [];
        return [`${source.path}:${line}: ${room} may not import ${theirs ?? target}`];
      });
    });
}

/** Rows of the table that would allow a cycle: a room that imports one of its own floor or of a higher one. */
export function upwardArrows(table: readonly Room[] = rooms): string[] {
  const floors = new Map(table.map(({ name, floor }) => [name, floor]));
  return table.flatMap(({ name, floor, imports }) =>
    imports
      .filter((target) => (floors.get(target) ?? Number.POSITIVE_INFINITY) >= floor)
      .map((target) => `${name} on floor ${floor} imports ${target}, which is not below it`),
  );
}

/**
 * Import cycles among the files of src/ and machines/. Type imports do not count, because they are gone at run time.
 */
export function circularFiles(sources: readonly Source[]): string[] {
  const code = sources.filter((source) => isIn("src", "machines")(source) && isTypeScript(source));
  const targets = new Map(
    code.map((source) => [
      source.path,
      importsOf(source).flatMap(({ target, isTypeOnly }) => (target === undefined || isTypeOnly ? [] : [target])),
    ]),
  );
  const isDone = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, above: readonly string[]): void => {
    const at = above.indexOf(path);
    if (at >= 0) found.push([...above.slice(at), path].join(" → "));
    if (at >= 0 || isDone.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...above, path]);
    isDone.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

/** The table as Markdown, from the lowest floor up. */
export function roomsTable(table: readonly Room[] = rooms): string {
  const rows = table
    .filter(({ floor }) => floor > 0)
    .map(({ floor, name, contract, imports }) => {
      const path = name === "machines" ? "machines/" : `src/${name}/`;
      return `| ${floor} | [${path}](../${path}) | ${contract} | ${[...imports].sort().join(", ") || "nothing"} |`;
    });
  return ["| floor | room | what it is for | may import |", "|---|---|---|---|", ...rows].join("\n");
}
