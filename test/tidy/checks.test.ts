// Runs the tidy checks on broken samples, which they must find. A check that never finds anything proves nothing.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assign, setup } from "xstate";
import { clocksOutside, impureMachines } from "./clocks.ts";
import { importsOf, privateNames, wrongImports } from "./imports.ts";
import { deadLinks } from "./links.ts";
import {
  asyncProvidedActions,
  chartFaults,
  isMachine,
  type Machine,
  misnamedMachine,
  unusedDeclarations,
} from "./machines.ts";
import { mask } from "./mask.ts";
import { deadPaths } from "./paths.ts";
import { placesOfAMachine } from "./places.ts";
import { withoutRow } from "./reference.ts";
import { circularFiles, upwardArrows, wrongRooms } from "./rooms.ts";
import { escapesFromTypes, nearlyTooLong, tooLong, unfinishedWords, wideLines, withoutOpening } from "./shape.ts";
import type { Source } from "./source.ts";
import { idleTestFiles } from "./test-files.ts";
import { unusedExports } from "./unused.ts";
import { oldWords } from "./words.ts";

/** Each sample is one file. It must give exactly `count` findings, and the first must match `says`. */
type Sample = [path: string, text: string, count: number, says?: string];

function finds(check: (sources: readonly Source[]) => string[], samples: readonly Sample[]): void {
  for (const [path, text, count, says] of samples) {
    const findings = check([{ path, text }]);
    assert.is(findings.length, count, `${path} ${JSON.stringify(text)}: ${findings.join("; ") || "nothing found"}`);
    if (says !== undefined) assert.match(findings[0] ?? "", says);
  }
}

// ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const files = suite("tidy checks: files");

files("comments, strings, templates and regular expressions are distinguished from code", () => {
  const text = [
    'const a = "in // string" + 1; // in comment',
    "/* in\nblock */ const b = `in $" + "{code + `deep $" + "{x}` + { y: '}' }.y} template` / 2 / 3;",
    "const c = /in [/'] regex/g.test(d) ? 'it\\'s' : e;",
    "return /again/; const url = 'http://x';",
  ].join("\n");
  const { code, withoutComments } = mask(text);
  assert.is(code.length, text.length);
  for (const word of ["in", "it", "deep", "template", "again", "http"]) {
    assert.not.match(code, new RegExp(`\\b${word}\\b`), word);
  }
  for (const word of ["const", "code", "x", "y", "test", "return"])
    assert.match(code, new RegExp(`\\b${word}\\b`), word);
  assert.match(code, "/ 2 / 3;");
  assert.match(withoutComments, '"in // string"');
  assert.not.match(withoutComments, "in comment");
  assert.is(code.split("\n").length, text.split("\n").length);
});

files("a file that is too long is found", () => {
  finds(tooLong, [
    ["src/a.ts", "x\n".repeat(401), 1, "401 lines"],
    ["machines/a.ts", "x\n".repeat(401), 1],
    ["src/page/a.css", "x\n".repeat(401), 1],
    ["src/a.ts", "x\n".repeat(400), 0],
    ["test/a.test.ts", "x\n".repeat(500), 0],
  ]);
  finds(nearlyTooLong, [
    ["src/a.ts", "x\n".repeat(251), 1, "251 lines; above 250, think"],
    ["src/a.ts", "x\n".repeat(250), 0],
    ["src/a.ts", "x\n".repeat(401), 0],
  ]);
});

files("a line that is too wide is found, counted in characters", () => {
  finds(wideLines, [
    ["src/a.ts", `ok\n${"x".repeat(121)}\nok`, 1, "src/a.ts:2: 121 columns"],
    ["test/a.ts", "→".repeat(120), 0],
    ["src/page/a.html", "😀".repeat(121), 1],
    ["README.md", "x".repeat(500), 0],
  ]);
});

files("a file without an opening sentence is found", () => {
  finds(withoutOpening, [
    ["src/a.ts", 'import { b } from "./b.ts";\n', 1],
    ["scripts/a.ts", "#!/usr/bin/env node\nconst a = 1;\n", 1],
    ["scripts/a.ts", "#!/usr/bin/env node\n// Says what it is.\n", 0],
    ["src/page/a.js", "/* Says what it is. */", 0],
    ["visualizations/live/a.js", "const a = 1;", 1],
    ["test/a.ts", "//\nimport x", 1],
    ["test/a.ts", "", 1],
  ]);
});

files("a marker of unfinished work is found", () => {
  finds(unfinishedWords, [
    ["src/a.ts", "// fine\n// TODO: later", 1, "src/a.ts:2:"],
    ["README.md", "FIXME", 1],
    ["src/a.ts", "const todo = 1;", 0],
  ]);
});

files("a coined word is found, and the standard term is named", () => {
  finds(oldWords, [
    ["src/a.ts", "const outlet = 1; // the newcomers", 2, "say socket writer"],
    ["docs/a.md", "News goes to every socket.", 1, "say broadcast"],
    ["src/a.ts", "const warehouse = newcomersWaitingMax; const kind = 'turnwire_intake_waiting';", 0],
    ["docs/decisions/a.md", "the house", 0],
  ]);
});

files("an escape from the type checker is found", () => {
  finds(escapesFromTypes, [
    ["src/a.ts", "const a: any = b as any;", 2, "`any`"],
    ["src/a.ts", "type A = Map<string, any>;", 1],
    ["src/a.ts", "const any = 1; f.any(); // any\n const s = 'as any';", 0],
    ["src/a.ts", "a!.b; c[0]!; d()!.e; f!;", 4, "non-null"],
    ["src/a.ts", "if (!a && !b !== c) d != e; x = !y;", 0],
    ["src/page/a.js", "/** @param {any} a any one, {@link any} */", 1, "`any`"],
    ["src/page/a.js", "/** @type {Map<string, any>} @param {(a: any) => any} b */", 3],
    ["src/page/a.js", "const a = /** @type {HTMLElement} */ (b);", 1, "a cast"],
    ["src/page/a.js", "/** @type {Set<string>} */\nconst a = /** @type {const} */ ([1]);", 0],
    ["src/a.ts", "// @ts-ignore\n// @ts-nocheck", 2],
    ["src/a.ts", "// @ts-expect-error", 1],
    ["test/a.ts", "// @ts-expect-error", 0],
    ["src/a.ts", "/* c8 ignore next */", 1],
  ]);
});

files("an absolute path and a registry's address are found", () => {
  finds(placesOfAMachine, [
    ["README.md", "run /work/main/x", 1, "/work/main"],
    ["src/a.ts", 'read("/home/me/file")', 1],
    ["package-lock.json", '"resolved": "https://x/y.tgz"', 1, "a registry's address"],
    ["test/a.ts", 'cwd: "/home/someone/project"', 0],
    [".npmrc", "registry=https://registry.example.com/", 1],
    ["README.md", "file:///work/x", 1],
    ["test/a.ts", "file:///etc/passwd", 0],
    ["src/a.ts", "GET /conversations, src/work/x, http://host/home/x, `$" + "{root}/work/x`", 0],
  ]);
});

files("an exported name that nobody uses is found", () => {
  const one = (text: string): Source => ({ path: "src/one.ts", text });
  const other = (text: string): Source => ({ path: "src/other.ts", text });
  const check = (...sources: Source[]) => unusedExports(sources, new Set(["src/entry.ts"]));
  assert.match(check(one("export const a = 1; a;"), other("// a"))[0] ?? "", "src/one.ts:1: `a` is exported");
  assert.equal(check(one("export const a = 1;"), other("import { a } from './one.ts'")), []);
  assert.is(check(one("export function f() {}\nexport class C {}\nexport async function g() {}")).length, 3);
  assert.is(check(one("export interface I {}")).length, 1);
  assert.equal(check(one("export interface I {}\nexport const f = (i: I) => i;"), other("f")), []);
  assert.equal(check({ path: "src/entry.ts", text: "export const a = 1;" }), []);
});

files.run();

// ── architecture ──────────────────────────────────────────────────────────────────────────────────────────────────

const architecture = suite("tidy checks: architecture");

architecture("every form of import is recognised", () => {
  const text = [
    'import a from "a"; import * as b from "b"; import type { C } from "../c.ts";',
    'import {\n  d,\n  type E,\n} from "./d.ts";',
    'export { f } from "f"; export * from "g"; import "h"; const i = await import("i");',
    'export const j = 1; // import k from "k"',
  ].join("\n");
  const found = importsOf({ path: "src/x/y.ts", text });
  assert.equal(
    found.map(({ from }) => from),
    ["a", "b", "../c.ts", "./d.ts", "f", "g", "h", "i"],
  );
  assert.equal(found[2], { from: "../c.ts", target: "src/c.ts", isTypeOnly: true, line: 1 });
  assert.is(found[3]?.isTypeOnly, false);
});

architecture("a forbidden import is found", () => {
  const from = (name: string): string => `import { x } from "${name}";`;
  finds(wrongImports, [
    ["machines/a.ts", `${from("xstate")}${from("./b.ts")}import type { T } from "../src/protocol/t.ts";`, 0],
    ["machines/a.ts", from("../src/protocol/t.ts"), 1, "types from src/protocol, never values"],
    ["machines/a.ts", 'import { type T } from "../src/protocol/t.ts";', 1],
    ["machines/a.ts", from("../src/limits.ts"), 1, "nothing but xstate"],
    ["machines/a.ts", from("node:fs"), 1],
    ["machines/a.ts", from("xstate/graph"), 1],
    ["src/a.ts", from("../test/support/clock.ts"), 1, "src imports nothing but src and machines"],
    ["src/deep/a.ts", from("../../scripts/x.ts"), 1],
    ["src/a.ts", `${from("../machines/a.ts")}${from("xstate")}${from("hono")}`, 0],
    ["src/a.ts", 'import type { WebSocket } from "ws";', 1, "only src/transport imports ws"],
    ["src/transport/ws-transport.ts", from("ws"), 0],
    ["src/http/a.ts", 'import { limits } from "../limits.ts";', 1, "everything else takes its limits as a parameter"],
    ["src/a.ts", 'export { limits } from "./limits.ts";', 1, "the defaults are for src/server alone"],
    ["src/http/a.ts", 'import type { Limits } from "../limits.ts";', 0],
    ["src/server/deep/a.ts", from("../../limits.ts"), 0],
    ["src/turnwire.ts", 'export { type Limits, limits } from "./limits.ts";', 0],
    ["test/a.ts", from("../src/limits.ts"), 0],
    ["src/page/a.js", `${from("./b.js")}`, 0],
    ["src/page/a.js", from("../limits.ts"), 1, "the page runs in browsers"],
    ["src/page/a.js", '/** @import { T } from "../protocol/t.ts" */', 0],
    ["visualizations/live/a.js", `${from("./b.js")}${from("/element.js")}`, 0],
    ["visualizations/live/a.js", from("../../src/page/element.js"), 1, "the visualizer runs in browsers"],
    ["src/a.ts", from("./page/a.js"), 1],
    ["test/a.ts", from("ws"), 0],
  ]);
});

architecture("an import that the rooms do not allow is found, and a file in no room", () => {
  const from = (name: string): string => `import type { x } from "${name}";`;
  finds(wrongRooms, [
    ["src/protocol/a.ts", from("../runtime/clock.ts"), 1, "protocol may not import runtime"],
    ["src/egress/a.ts", from("../ports/logger.ts"), 0],
    ["src/http/a.ts", from("../streams/feed.ts"), 1, "http may not import streams"],
    ["src/server/a.ts", from("../page/main.js"), 1, "server may not import page"],
    ["src/access/a.ts", from("../limits.ts"), 0],
    ["src/access/a.ts", from("../turnwire.ts"), 1, "access may not import src/turnwire.ts"],
    ["src/attic/a.ts", "", 1, "the room attic is not in the table"],
    ["src/a.ts", "", 1, "is in no room"],
    ["src/turnwire.ts", from("./server/server.ts"), 0],
    ["machines/a.ts", from("../src/ports/store.ts"), 1, "machines may not import ports"],
  ]);
});

architecture("an import cycle of rooms or of files is found", () => {
  const room = { contract: "", imports: ["b"] };
  const table = [
    { ...room, name: "a", floor: 1 },
    { ...room, name: "b", floor: 1, imports: ["a"] },
  ];
  assert.is(upwardArrows(table).length, 2);
  const one = { path: "src/x/one.ts", text: 'import { b } from "./two.ts";' };
  const two = { path: "src/x/two.ts", text: 'import { a } from "./one.ts";' };
  assert.equal(circularFiles([one, two]), ["src/x/one.ts → src/x/two.ts → src/x/one.ts"]);
  assert.equal(circularFiles([one, { ...two, text: 'import type { a } from "./one.ts";' }]), []);
});

architecture("a path that leads nowhere is found", () => {
  const file = { path: "src/x/one.ts", text: "" };
  const says = (text: string): string[] => deadPaths([file, { path: "test/deep/a.ts", text }]);
  for (const text of [
    '"src/x/one.ts"',
    '"../../src/x/one.ts"',
    "see src/x",
    "`../../src/x/$" + "{name}`",
    "at/src/y.ts",
  ])
    assert.equal(says(text), [], text);
  for (const text of ['"src/y.ts"', '"../src/y.ts"', "see src/x/two", "[map](docs/map.md)"])
    assert.is(says(text).length, 1, text);
});

architecture("a link that leads nowhere is found", () => {
  const guide = {
    path: "docs/guide.md",
    text: "# The guide\n## `a.b` & c_d\n## Again\n## Again\n```sh\n# no heading\n```",
  };
  const says = (text: string): string[] => {
    const here = { path: "docs/deep/here.md", text };
    return deadLinks([here, guide], (path) =>
      ["docs/guide.md", "docs/deep/here.md", "docs/a.png", "src"].includes(path),
    );
  };
  for (const text of [
    "[a](../guide.md) and [b](../guide.md#the-guide)\n[c](../../src)",
    "[a](../guide.md#ab--c_d) [b](../guide.md#again) [c](../guide.md#again-1)",
    "# Here [it](../guide.md) is\n[a](#here-it-is)",
    "[![picture](../a.png)](../guide.md 'title')".replaceAll("'", '"'),
    "[a](https://example.com/x#y) [b](mailto:a@b)",
    "`[a](nowhere.md)`\n```md\n[a](nowhere.md)\n```",
  ])
    assert.equal(says(text), [], text);
  for (const [text, problem] of [
    ["\n[a](guide.md)", "docs/deep/here.md:2: the link guide.md leads to no file"],
    ["![a](../b.png)", "leads to no file"],
    ["[a](../guide.md#no-heading)", "leads to no heading of docs/guide.md"],
    ["[a](../guide.md#again-2)", "leads to no heading"],
    ["[a](../a.png#x)", "leads to no heading"],
    ["[a](/docs/guide.md)", "is no relative path"],
    ["[a](../../../guide.md)", "leads out of the repository"],
    ["[a]: nowhere.md", "leads to no file"],
    ['<img width="1" src="nowhere.png">', "leads to no file"],
    ["```sh\n```\n[a](nowhere.md)", "here.md:3"],
  ] as const) {
    const findings = says(text);
    assert.is(findings.length, 1, text);
    assert.match(findings[0] ?? "", problem);
  }
});

architecture("a private name of XState is found", () => {
  finds(privateNames, [
    ["src/diagnostics/a.ts", "snapshot._nodes; actor._parent; // event._transitions", 2, "private to XState"],
    ["src/runtime/xstate-internals.ts", "snapshot._nodes", 0],
    ["test/a.ts", "snapshot._nodes", 0],
  ]);
});

architecture("an impure machine is found", () => {
  finds(impureMachines, [
    ["machines/a.ts", "const a = Date.now();", 1, "a machine has no clock"],
    ["machines/a.ts", "Math.random(); crypto.randomUUID(); setTimeout(f, 1); performance.now();", 5],
    ["machines/a.ts", "console.log(process.env);", 2, "a machine has no world"],
    ["machines/a.ts", "const a = async () => { await b; };", 2, "a machine is synchronous"],
    ["machines/a.ts", '// a Date\nconst description = "Waits for a Promise"; const update = 1;', 0],
    ["src/a.ts", "Date.now()", 0],
  ]);
});

architecture("a clock outside src/runtime/clock.ts is found", () => {
  finds(clocksOutside, [
    [
      "src/a.ts",
      "Date.now(); performance.now(); setTimeout(f, 1); setInterval(f, 1); setImmediate(f);",
      5,
      "take a Clock",
    ],
    ["src/a.ts", "new Date(); new Date; globalThis.setTimeout(f, 1); AbortSignal.timeout(5);", 4],
    ["src/a.ts", 'import { setTimeout as sleep } from "node:timers/promises";', 1],
    ["src/a.ts", "clock.setTimeout(f, 1); this.#clock.setImmediate(f); new Date(at).toISOString(); // Date.now()", 0],
    ["src/runtime/clock.ts", "Date.now()", 0],
    ["src/page/a.js", "setTimeout(f, 1)", 0],
  ]);
});

architecture.run();

// ── charts ────────────────────────────────────────────────────────────────────────────────────────────────────────

const charts = suite("tidy checks: charts");

charts("every fault of a broken chart is found", () => {
  const broken = setup({
    types: { events: {} as { type: "go" } | { type: "stop" } },
    actions: { late: async () => {}, fine: () => {}, counted: assign({}) },
    guards: { isFine: () => true },
  }).createMachine({
    id: "broken",
    description: "Everything that a chart must not have.",
    initial: "one",
    states: {
      one: {
        entry: () => {},
        exit: ["fine", { type: "counted" }, assign({})],
        on: { go: { target: "two", guard: () => true, actions: [() => {}, "late"] }, stop: "two" },
        always: { guard: "isFine", target: "two" },
      },
      two: {
        description: " ",
        after: { 100: { target: "one", actions: () => {} } },
        initial: "in",
        states: { in: {} },
      },
    },
  });
  assert.ok(isMachine(broken));
  assert.equal(chartFaults(broken), [
    "broken.one: has no description",
    "broken.one: inline entry: declare it in setup and name it here",
    "broken.one: inline exit: declare it in setup and name it here",
    "broken.one on go: inline guard: declare it in setup and name it here",
    "broken.one on go: inline action: declare it in setup and name it here",
    "broken.two: has no description",
    "broken.two: waits 100 ms by number: name the delay in setup",
    "broken.two after 100: inline action: declare it in setup and name it here",
    "broken.two.in: has no description",
    "broken: the actions `late` is async",
  ]);
});

charts("an inline actor is found, and a named one is allowed", () => {
  const child = setup({}).createMachine({ id: "child", description: "A child." });
  const parent = setup({ actors: { child } }).createMachine({
    id: "parent",
    description: "A parent.",
    invoke: [{ src: "child", onDone: { actions: () => {} } }, { src: child }],
  });
  assert.equal(chartFaults(parent as unknown as Machine), [
    "parent onDone: inline action: declare it in setup and name it here",
    "parent: inline invoke: declare it in setup and name it here",
  ]);
});

charts("a machine whose names do not match is found", () => {
  const machine = { id: "turn-queue" } as Machine;
  assert.equal(misnamedMachine("machines/turn-queue.ts", "turnQueueMachine", machine), []);
  assert.is(misnamedMachine("machines/turn-queue.ts", "machine", { ...machine, id: "watch" }).length, 2);
});

charts("a declared name that the chart never uses is found", () => {
  const machine = { implementations: { actions: { used: null, forgotten: null } } } as unknown as Machine;
  const text = 'setup({ actions: { used: f, forgotten: f } }).createMachine({ entry: "used" }); // forgotten';
  const [finding, ...others] = unusedDeclarations({ path: "machines/a.ts", text }, machine);
  assert.match(finding ?? "", "`forgotten` is declared and never named");
  assert.equal(others, []);
});

charts("an async action that is provided is found, and an async actor is allowed", () => {
  finds(asyncProvidedActions, [
    ["src/a.ts", "m.provide({\n actions: { a: () => {},\n b: async () => {} } })", 1, "src/a.ts:3: an async action"],
    ["src/a.ts", "m.provide({ actions: { a: () => {} }, actors: { b: fromPromise(async () => {}) } })", 0],
    ["src/a.ts", "m.provide({ guards })", 0],
  ]);
});

charts.run();

// ── tests and documents ───────────────────────────────────────────────────────────────────────────────────────────

const promises = suite("tidy checks: tests and documents");

promises("a test file that runs nothing, asserts nothing or sleeps is found", () => {
  const uvu = 'import * as assert from "uvu/assert"; const test = suite("a");';
  finds(idleTestFiles, [
    ["test/a.test.ts", `${uvu} test.run();`, 0],
    ["test/a.test.ts", `${uvu} test("a", f); // test.run();`, 1, "the suite `test` is never run"],
    ["test/a.test.ts", `${uvu} const other = suite("b"); test.run();`, 1, "the suite `other` is never run"],
    ["test/a.test.ts", 'import * as assert from "uvu/assert";', 1, "runs no suite"],
    ["test/a.test.ts", 'const test = suite("a"); test.run();', 1, "asserts nothing"],
    ["test/a.test.ts", `${uvu} test.only("a", f); test.run();`, 1, "leaves the other tests out"],
    ["test/a.test.ts", `${uvu} await new Promise((r) => setTimeout(r, 50)); test.run();`, 1, "sleeps"],
    ["test/a.test.ts", `${uvu} import { setTimeout } from "node:timers/promises"; test.run();`, 1, "sleeps"],
    ["test/smallest/a.test.ts", 'import "./limits.ts";\nimport "../a.test.ts";', 0],
    ["test/smallest/a.test.ts", 'import "./limits.ts";\nimport "../a.ts";', 2],
    ["test/support/a.ts", "no test", 0],
  ]);
});

promises("a term without a table row in its document is found", () => {
  const words = ["queueMax", "queue", "1000", "4001", "4001", "ws", "@a/b"];
  const missing = (text: string): string[] => withoutRow([{ path: "a.md", text }], "a.md", words);
  assert.equal(missing("queue 1000\n| `queueMax` | 10 queue |\n| 4001 | slow |\n| ws-other | @a/b/c |"), [
    "a.md: no table row for queue",
    "a.md: no table row for 1000",
    "a.md: no table row for ws",
    "a.md: no table row for @a/b",
  ]);
  assert.equal(missing("| queueMax, queue | |\n| 1000, 4001 | |\n| `ws` `@a/b` | |"), []);
  assert.equal(withoutRow([], "a.md", words), ["a.md: there is none"]);
});

promises.run();
