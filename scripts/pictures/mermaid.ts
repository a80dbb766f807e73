// A chart as a Mermaid state diagram, which GitHub draws in the Markdown file around it.
import { type Box, boxesOf, type Chart, labelOf } from "./chart.ts";

const key = (id: string): string => id.replaceAll(/[^A-Za-z0-9]/g, "_");

/** Mermaid reads `:` and `;` as its own, and takes entities in their place. */
const text = (words: string): string =>
  words
    .replaceAll(":", "#colon;")
    .replaceAll(/;(?!$)/g, (mark, at: number, all: string) => (/#colon$/.test(all.slice(0, at)) ? mark : "#59;"));

export function mermaidOf(chart: Chart): string {
  const lines = ["stateDiagram-v2", ...inside(chart.root, "  ")];
  for (const arrow of chart.arrows) lines.push(`  ${key(arrow.from)} --> ${key(arrow.to)} : ${text(labelOf(arrow))}`);
  for (const box of boxesOf(chart.root)) {
    if (box.kind === "final") lines.push(`  ${key(box.id)} --> [*]`);
    if (box !== chart.root) lines.push(...note(box));
  }
  return lines.join("\n");
}

function inside(box: Box, indent: string): string[] {
  const lines: string[] = [];
  if (box.initial !== undefined) lines.push(`${indent}[*] --> ${key(box.initial)}`);
  box.boxes.forEach((inner, index) => {
    if (box.kind === "parallel" && index > 0) lines.push(`${indent}--`);
    lines.push(`${indent}state "${inner.name}" as ${key(inner.id)}`);
    if (inner.boxes.length > 0)
      lines.push(`${indent}state ${key(inner.id)} {`, ...inside(inner, `${indent}  `), `${indent}}`);
  });
  return lines;
}

/** What the state is, and what it does without leaving. */
function note(box: Box): string[] {
  const lines = [box.description, ...behaviourOf(box)].map(text);
  return [`  note right of ${key(box.id)}`, ...lines.map((line) => `    ${line}`), "  end note"];
}

export function behaviourOf(box: Box): string[] {
  return [
    ...box.entry.map((action) => `entry / ${action}`),
    ...box.exit.map((action) => `exit / ${action}`),
    ...box.invokes.map((actor) => `invokes ${actor}`),
    ...box.reactions.map((reaction) =>
      reaction.actions.length === 0 ? `ignores ${labelOf(reaction)}` : labelOf(reaction),
    ),
  ];
}
