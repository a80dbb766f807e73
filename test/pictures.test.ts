// The pictures of the charts are up to date and complete: drawing them again gives the files in visualizations/. The
// picture of the actor tree matches a running server.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { setup } from "xstate";
import { actorsSvg, actorTree, familiesOf } from "../scripts/pictures/actors.ts";
import { boxesOf, chartOf, labelOf } from "../scripts/pictures/chart.ts";
import { printDocuments } from "../scripts/pictures/documents.ts";
import { drawAll } from "../scripts/pictures/draw.ts";
import { layoutOf, sizes, widthOf } from "../scripts/pictures/layout.ts";
import { mermaidOf } from "../scripts/pictures/mermaid.ts";
import { svgOf } from "../scripts/pictures/svg.ts";
import { machines } from "../src/diagnostics/inspection/machines.ts";
import { eventually } from "./support/deadline.ts";
import { startInspectFixture } from "./support/inspect-fixture.ts";
import { transitionKeysOf } from "./support/transition-keys.ts";
import { isMachine } from "./tidy/machines.ts";

const pictures = suite("pictures");
const drawn = await drawAll();

const directory = fileURLToPath(new URL("../visualizations/", import.meta.url));
const machineFiles = new URL("../machines/", import.meta.url);

pictures("every picture matches its machine; otherwise `npm run pictures` redraws it", async () => {
  for (const [name, content] of drawn) {
    const file = `${directory}${name}`;
    assert.ok(existsSync(file), `visualizations/${name} is missing: npm run pictures`);
    assert.ok(
      readFileSync(file, "utf8") === content,
      `visualizations/${name} does not match its machine: npm run pictures`,
    );
  }
});

pictures("every table that a document takes from code is up to date; otherwise `npm run pictures` reprints it", () => {
  for (const [path, text] of printDocuments()) {
    const present = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
    assert.ok(present === text, `${path} does not match the code: npm run pictures`);
  }
});

pictures("drawing the pictures twice gives identical files", async () => {
  assert.equal([...(await drawAll())], [...drawn]);
});

pictures("every machine has its pictures, and every picture has a machine", async () => {
  const names: string[] = ["actors"];
  for (const file of readdirSync(machineFiles)) {
    const exported: Record<string, unknown> = await import(new URL(file, machineFiles).href);
    for (const machine of Object.values(exported)) if (isMachine(machine)) names.push(machine.id);
  }
  const expected = names.flatMap((name) => [`${name}.md`, `${name}.svg`]).sort();
  assert.equal([...drawn.keys()].sort(), expected);
  const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
  assert.equal(files.map(({ name }) => name).sort(), expected);
});

/** The values of an attribute, each once. */
const valuesOf = (svg: string, attribute: string): string[] => [
  ...new Set([...svg.matchAll(new RegExp(` ${attribute}="([^"]*)"`, "g"))].map(([, value = ""]) => value)),
];

pictures("every state and every transition of a chart is in its picture by name, and nothing else", async () => {
  for (const machine of machines) {
    const svg = drawn.get(`${machine.id}.svg`) ?? "";
    const states = [...boxesOf(chartOf(machine).root)].map(({ id }) => id);
    assert.equal(valuesOf(svg, "data-state").sort(), states.sort());
    assert.equal(valuesOf(svg, "data-transition").sort(), transitionKeysOf(machine).sort());
  }
});

pictures("every line of text fits into its box", async () => {
  for (const machine of machines)
    for (const { box, width, description, behaviour } of (await layoutOf(chartOf(machine))).boxes)
      for (const line of [box.name, ...description, ...behaviour.map(({ words }) => words)])
        assert.ok(widthOf(line, sizes.text) + sizes.padding <= width, `${box.id}: ${line}`);
});

const small = setup({
  types: { events: {} as { type: "go" | "stay" | "skip" } },
  actions: { shout: () => {}, arrive: () => {} },
  guards: { isReady: () => true },
  delays: { patience: 5 },
}).createMachine({
  id: "small",
  description: "One of each: a < b & c.",
  initial: "here",
  states: {
    here: {
      description: "Where it begins.",
      meta: { ignores: ["rain", "xstate.done.actor.child"], neverGets: ["snow"] },
      on: { go: { guard: "isReady", target: "there", actions: "shout" }, stay: { actions: "shout" }, skip: {} },
      after: { patience: "there" },
    },
    there: { description: "Where it ends.", entry: "arrive", type: "final" },
  },
});

pictures(
  "arrows show event, guard and actions by name, and states show the events that they ignore on purpose",
  async () => {
    const chart = chartOf(small);
    assert.equal(chart.arrows.map(labelOf), ["go [isReady] / shout", "after patience"]);
    assert.equal(
      chart.arrows.map(({ kind }) => kind),
      ["event", "delayed"],
    );
    const mermaid = mermaidOf(chart);
    assert.match(mermaid, /small_here --> small_there : go \[isReady\] \/ shout/);
    assert.match(mermaid, /ignores skip/);
    assert.match(mermaid, /small_there --> \[\*\]/);
    const svg = svgOf("small", await layoutOf(chart));
    for (const words of [
      "go [isReady] / shout",
      "after patience",
      "entry / arrive",
      "ignores skip",
      "a &lt; b &amp; c",
    ])
      assert.ok(svg.includes(words), words);
    assert.match(svg, /<text class="quiet"[^>]* data-transition="small.here skip 0">ignores skip</);
    assert.match(svg, /<g class="state atomic initial" data-state="small.here">/);
    assert.match(svg, /<g class="arrow delayed" data-transition="small.here xstate.after.patience.small.here 0">/);
  },
);

pictures(
  "events that a state's meta ignores are shown as quiet text, and events that never come are not shown",
  async () => {
    const svg = svgOf("small", await layoutOf(chartOf(small)));
    assert.match(svg, /<text class="quiet"[^>]*>ignores rain, child is done</);
    assert.match(mermaidOf(chartOf(small)), /ignores rain, child is done/);
    assert.not.match(svg, /snow/);
  },
);

pictures("the picture of the actor tree matches a running server", async () => {
  const fixture = await startInspectFixture();
  const charts = new Map<string, string>();
  const seen = new Set<string>();
  try {
    const root = fixture.server.gateway.root.sessionId;
    charts.set(root, "gateway");
    fixture.server.gateway.inspect((broadcast) => {
      if (broadcast.type !== "actor.started") return;
      charts.set(broadcast.actorId, broadcast.chart);
      seen.add(`${charts.get(broadcast.parentId ?? "")} > ${broadcast.chart}`);
    });
    const client = await fixture.join();
    client.send({ type: "subscribe", surfaceId: "gateway" });
    client.send({ type: "chat.send", conversationId: "c", message: "hello", model: "demo/echo" });
    await client.next("surface");
    await client.nextEvent("c", "turn-sealed");
    const expected = [...familiesOf(actorTree)].flatMap(({ kind, children }) =>
      children.map((child) => `${kind} > ${child.kind}`),
    );
    await eventually(() => seen.size >= expected.length, "an actor of every kind");
    assert.equal([...seen].sort(), expected.sort());
  } finally {
    await fixture.end();
  }
});

pictures("the actor tree has an empty place for the count of each kind", async () => {
  const svg = await actorsSvg();
  const kinds = machines.map(({ id }) => id);
  assert.equal(valuesOf(svg, "data-kind").sort(), kinds.sort());
  for (const kind of kinds) assert.match(svg, new RegExp(`data-count="${kind}"[^>]*></text>`));
});

pictures("boxes do not overlap their neighbours, and each lies within its parent", async () => {
  const chart = chartOf(small);
  const { boxes } = await layoutOf(chart);
  const placed = new Map(boxes.map((entry) => [entry.box.id, entry]));
  for (const parent of boxesOf(chart.root))
    for (const child of parent.boxes) {
      const outer = placed.get(parent.id);
      const inner = placed.get(child.id);
      assert.ok(outer && inner && inner.x >= outer.x && inner.y >= outer.y);
      assert.ok(inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height);
      for (const { id } of parent.boxes) {
        const other = placed.get(id);
        if (!other || other === inner) continue;
        const isBeside = other.x >= inner.x + inner.width || inner.x >= other.x + other.width;
        const isAbove = other.y >= inner.y + inner.height || inner.y >= other.y + other.height;
        assert.ok(isBeside || isAbove, `${child.id} and ${id}`);
      }
    }
});

pictures("guards and actions without a name cannot be drawn", () => {
  const nameless = setup({}).createMachine({ id: "nameless", on: { "*": { guard: () => true, actions: () => {} } } });
  assert.throws(() => chartOf(nameless), /declare it in setup/);
});

pictures.run();
