// Prints a chart as a Mermaid state diagram, which GitHub renders inside Markdown.
import { type Box, boxesOf, type Chart, labelOf } from "./chart.ts";

const key = (id: string): string => id.replaceAll(/[^A-Za-z0-9]/g, "_");

/** `:` and `;` are syntax in Mermaid, so they are written as entities. */
const text = (words: string): string =>
  words
    .replaceAll(":", "#colon;")
    .replaceAll(/;(?!$)/g, (found, at: number, all: string) => (/#colon$/.test(all.slice(0, at)) ? found : "#59;"));

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

/** A state's description and what it does without leaving the state. */
function note(box: Box): string[] {
  const behaviour = behaviourOf(box).map(({ words }) => words);
  const lines = [box.description, ...behaviour, ignoredBy(box)].filter((line) => line !== "").map(text);
  return [`  note right of ${key(box.id)}`, ...lines.map((line) => `    ${line}`), "  end note"];
}

/** One line in a box: something that the state does, or deliberately ignores, without leaving it. */
export interface Line {
  words: string;
  kind: "behaviour" | "quiet";
  /** The key of its transition; undefined where no single event triggers it. */
  transition: string | undefined;
}

export function behaviourOf(box: Box): Line[] {
  const does = (words: string): Line => ({ words, kind: "behaviour", transition: undefined });
  return [
    ...box.entry.map((action) => does(`entry / ${action}`)),
    ...box.exit.map((action) => does(`exit / ${action}`)),
    ...box.invokes.map((actor) => does(`invokes ${actor}`)),
    ...box.reactions.map((reaction): Line => {
      const isIdle = reaction.actions.length === 0;
      const words = isIdle ? `ignores ${labelOf(reaction)}` : labelOf(reaction);
      return { words, kind: isIdle ? "quiet" : "behaviour", transition: reaction.key };
    }),
  ];
}

/** The events in its `meta.ignores` as one line; empty when there are none. */
export const ignoredBy = ({ ignores }: Box): string => (ignores.length === 0 ? "" : `ignores ${ignores.join(", ")}`);
