// The pictures of the charts are the charts: drawn anew they are the files in visualizations/, and nothing is left out.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { setup } from "xstate";
import { boxesOf, chartOf, labelOf } from "../scripts/pictures/chart.ts";
import { drawAll } from "../scripts/pictures/draw.ts";
import { layoutOf } from "../scripts/pictures/layout.ts";
import { mermaidOf } from "../scripts/pictures/mermaid.ts";
import { svgOf } from "../scripts/pictures/svg.ts";

const pictures = suite("pictures");

const directory = fileURLToPath(new URL("../visualizations/", import.meta.url));
const machines = fileURLToPath(new URL("../machines/", import.meta.url));

pictures("every picture is what its machine says; otherwise `npm run pictures` draws it anew", async () => {
  for (const [name, content] of await drawAll()) {
    const file = `${directory}${name}`;
    assert.ok(existsSync(file), `visualizations/${name} is missing: npm run pictures`);
    assert.ok(
      readFileSync(file, "utf8") === content,
      `visualizations/${name} is not what its machine says: npm run pictures`,
    );
  }
});

pictures("every machine has its pictures, and no picture is without a machine", async () => {
  const drawn = [...(await drawAll()).keys()].sort();
  const expected = readdirSync(machines).flatMap((file) => [file.replace(".ts", ".md"), file.replace(".ts", ".svg")]);
  assert.equal(drawn, expected.sort());
  assert.equal(readdirSync(directory).sort(), drawn);
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
      on: { go: { guard: "isReady", target: "there", actions: "shout" }, stay: { actions: "shout" }, skip: {} },
      after: { patience: "there" },
    },
    there: { description: "Where it ends.", entry: "arrive", type: "final" },
  },
});

pictures("arrows carry event, guard and actions by name, and what ignores an event on purpose is told", async () => {
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
  for (const words of ["go [isReady] / shout", "after patience", "entry / arrive", "ignores skip", "a &lt; b &amp; c"])
    assert.ok(svg.includes(words), words);
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
    }
});

pictures("a picture cannot show what has no name", () => {
  const nameless = setup({}).createMachine({ id: "nameless", on: { "*": { guard: () => true, actions: () => {} } } });
  assert.throws(() => chartOf(nameless), /declare it in setup/);
});

pictures.run();
