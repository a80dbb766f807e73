// All pictures, each as a file's name and content.
import { connectionMachine } from "../../machines/connection.ts";
import { conversationMachine } from "../../machines/conversation.ts";
import { gatewayMachine } from "../../machines/gateway.ts";
import { surfaceMachine } from "../../machines/surface.ts";
import { surfaceWatchMachine } from "../../machines/surface-watch.ts";
import { turnMachine } from "../../machines/turn.ts";
import { watchMachine } from "../../machines/watch.ts";
import { type Chart, chartOf } from "./chart.ts";
import { layoutOf } from "./layout.ts";
import { mermaidOf } from "./mermaid.ts";
import { svgOf } from "./svg.ts";

const machines = [
  gatewayMachine,
  connectionMachine,
  watchMachine,
  surfaceMachine,
  surfaceWatchMachine,
  conversationMachine,
  turnMachine,
];

const origin = "Drawn by `npm run pictures` from the machine; change the machine, not this file.";

export async function drawAll(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const chart of machines.map((machine) => chartOf(machine))) {
    files.set(`${chart.name}.md`, markdownOf(chart));
    files.set(`${chart.name}.svg`, svgOf(`The chart of ${chart.name}`, await layoutOf(chart)));
  }
  return files;
}

function markdownOf(chart: Chart): string {
  return [
    `# ${chart.name}`,
    "",
    chart.root.description,
    "",
    `[The machine](../machines/${chart.name}.ts) · [as SVG](${chart.name}.svg). ${origin}`,
    "",
    "```mermaid",
    mermaidOf(chart),
    "```",
    "",
  ].join("\n");
}
