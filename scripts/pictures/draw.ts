// Draws all pictures: one Markdown and one SVG file per machine, and both for the actor tree.
import { machines } from "../../src/diagnostics/inspection/machines.ts";
import { actorsMermaid, actorsSvg, actorTree, familiesOf } from "./actors.ts";
import { type Chart, chartOf } from "./chart.ts";
import { layoutOf } from "./layout.ts";
import { mermaidOf } from "./mermaid.ts";
import { svgOf } from "./svg.ts";

const origin = "Drawn by `npm run pictures` from the machine; change the machine, not this file.";
const treeOrigin = "Drawn by `npm run pictures` from scripts/pictures/actors.ts; change that, not this file.";

/** File contents by file name. */
export async function drawAll(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const chart of machines.map((machine) => chartOf(machine))) {
    files.set(`${chart.name}.md`, markdownOf(chart));
    files.set(`${chart.name}.svg`, svgOf(`The chart of ${chart.name}`, await layoutOf(chart)));
  }
  files.set("actors.md", actorsMarkdown());
  files.set("actors.svg", await actorsSvg());
  return files;
}

const fenced = (mermaid: string): string[] => ["```mermaid", mermaid, "```", ""];

function markdownOf(chart: Chart): string {
  return [
    `# ${chart.name}`,
    "",
    chart.root.description,
    "",
    `[The machine](../machines/${chart.name}.ts) · [as SVG](${chart.name}.svg). ${origin}`,
    "",
    ...fenced(mermaidOf(chart)),
  ].join("\n");
}

function actorsMarkdown(): string {
  return [
    "# actors",
    "",
    "The actors by parent. A parent is told when a child ends or fails, and keeps running.",
    "",
    `[As SVG](actors.svg). ${treeOrigin}`,
    "",
    ...fenced(actorsMermaid()),
    ...[...familiesOf(actorTree)].map(({ kind, many, about }) => `- [${kind}](${kind}.md): ${many}. ${about}`),
    "",
  ].join("\n");
}
