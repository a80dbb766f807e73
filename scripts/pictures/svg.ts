// Prints a placed chart as SVG: light or dark by the reader's setting, without scripts or fonts of its own. Each state
// and transition is a group with its id, so that the live page can highlight it.
import type { Layout, PlacedArrow, PlacedBox, Point } from "./layout.ts";
import { sizes } from "./layout.ts";

const margin = 16;
const headLength = 8;
const headHalfWidth = 3.5;

export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

export const number = (value: number): string => String(Math.round(value * 10) / 10);

const style = `
  text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1d2327; }
  .name { font-size: ${sizes.name}px; font-weight: 600; }
  .description, .behaviour, .quiet, .words, .about { font-size: ${sizes.text}px; }
  .description, .quiet, .about { fill: #5b6770; }
  .behaviour { fill: #0b6b5d; }
  .halo, .words { paint-order: stroke; stroke: #f6f7f8; stroke-width: 4px; stroke-linejoin: round; }
  .box { fill: #ffffff; stroke: #75828c; stroke-width: 1.2; }
  .nested > .box { fill: #f6f7f8; }
  .inner { fill: none; stroke: #75828c; }
  .parallel > .box { stroke-dasharray: 5 4; }
  .line { fill: none; stroke: #33424d; stroke-width: 1.2; }
  .delayed > .line { stroke-dasharray: 6 4; }
  .always > .line { stroke: #0b6b5d; }
  .head, .dot { fill: #33424d; }
  .always > .head { fill: #0b6b5d; }
  .back { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e9eb; }
    .description, .quiet, .about { fill: #9aa7b0; }
    .behaviour { fill: #6fd3c1; }
    .halo, .words { stroke: #161b1f; }
    .box { fill: #1b2126; stroke: #66737d; }
    .nested > .box { fill: #161b1f; }
    .inner { stroke: #66737d; }
    .line { stroke: #b4c0c8; }
    .always > .line { stroke: #6fd3c1; }
    .head, .dot { fill: #b4c0c8; }
    .always > .head { fill: #6fd3c1; }
    .back { fill: #0f1316; }
  }`;

export interface Drawing {
  title: string;
  width: number;
  height: number;
  parts: string[];
  /** Of classes that the charts do not have. */
  style?: string;
}

export function svgOf(title: string, { width, height, boxes, arrows }: Layout): string {
  const parts = [
    ...boxes.flatMap(drawBox),
    ...arrows.map(drawArrow),
    ...boxes.flatMap(drawText),
    ...arrows.flatMap(drawLabel),
  ];
  return pictureOf({ title, width, height, parts });
}

export function pictureOf(drawing: Drawing): string {
  const width = Math.ceil(drawing.width) + 2 * margin;
  const height = Math.ceil(drawing.height) + 2 * margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`,
    ` viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(drawing.title)}</title>`,
    `<style>${style}${drawing.style ?? ""}\n</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    `<g transform="translate(${margin} ${margin})">`,
    ...drawing.parts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** The CSS classes, such as `state compound nested initial`. */
function classesOf({ box }: PlacedBox): string {
  return ["state", box.kind, box.boxes.length > 0 && "nested", box.isInitial && "initial"].filter(Boolean).join(" ");
}

/** Opens a group that carries its state's id. */
const groupOf = (placed: PlacedBox): string =>
  `<g class="${classesOf(placed)}" data-state="${escaped(placed.box.id)}">`;

function drawBox(placed: PlacedBox): string[] {
  const { box, x, y, width, height } = placed;
  const at = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
  const border = `<rect class="box" ${at} rx="8"/>`;
  const borders = box.kind === "final" ? [border, inner(placed)] : [border];
  return [groupOf(placed), `<title>${escaped(box.description)}</title>`, ...borders, "</g>"];
}

/** Drawn after the arrows and with a halo, so that text stays readable where an arrow crosses it. */
function drawText(placed: PlacedBox): string[] {
  const { box, x, y, text, description, behaviour } = placed;
  const halo = box.boxes.length > 0 ? " halo" : "";
  const gap = behaviour.length > 0 ? sizes.line / 2 : 0;
  const notes: Partial<Record<typeof box.kind, string>> = { parallel: " (at once)", history: " (H)" };
  const name = `${box.name}${notes[box.kind] ?? ""}`;
  const lines = [
    ...description.map((words) => ({ kind: "description", words, gap: 0, transition: undefined })),
    ...behaviour.map((line) => ({ ...line, gap })),
  ];
  const draw = (kind: string, left: number, baseline: number, words: string, key = ""): string =>
    `<text class="${kind}${halo}" x="${number(left)}" y="${number(baseline)}"${key}>${escaped(words)}</text>`;
  const texts = lines.map(({ kind, words, gap, transition }, index) => {
    const key = transition === undefined ? "" : ` data-transition="${escaped(transition)}"`;
    return draw(kind, text.x, text.y + sizes.line - 4 + index * sizes.line + gap, words, key);
  });
  return [groupOf(placed), draw("name", x + sizes.padding, y + sizes.nameLine - 4, name), ...texts, "</g>"];
}

/** A final state has a double border. */
function inner({ x, y, width, height }: PlacedBox): string {
  const at = `x="${number(x + 3)}" y="${number(y + 3)}" width="${number(width - 6)}" height="${number(height - 6)}"`;
  return `<rect class="inner" ${at} rx="6"/>`;
}

function drawArrow({ arrow, points }: PlacedArrow): string {
  if (arrow) return `<g class="arrow ${arrow.kind}" data-transition="${escaped(arrow.key)}">${lineOf(points)}</g>`;
  const [start] = points;
  const dot = start ? `<circle class="dot" cx="${number(start.x)}" cy="${number(start.y - 5)}" r="5"/>` : "";
  return `<g class="arrow beginning">${lineOf(points)}${dot}</g>`;
}

/** A line along the points with an arrowhead at the last one. */
export function lineOf(points: Point[]): string {
  const [tip, before] = [points.at(-1), points.at(-2)];
  if (!tip || !before) return "";
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const [right, down] = [(tip.x - before.x) / length, (tip.y - before.y) / length];
  const at = (back: number, aside: number): string =>
    `${number(tip.x - right * back + down * aside)} ${number(tip.y - down * back - right * aside)}`;
  const way = [...points.slice(0, -1).map(({ x, y }) => `${number(x)} ${number(y)}`), at(headLength / 2, 0)];
  const head = `M${at(headLength, headHalfWidth)} L${at(0, 0)} L${at(headLength, -headHalfWidth)} z`;
  return `<path class="line" d="M${way.join(" L")}"/><path class="head" d="${head}"/>`;
}

function drawLabel({ arrow, label }: PlacedArrow): string[] {
  if (!label || !arrow) return [];
  const texts = label.lines.map((words, index) => {
    const y = label.y + (index + 1) * sizes.line - 4;
    return `<text class="words" x="${number(label.x)}" y="${number(y)}">${escaped(words)}</text>`;
  });
  return [`<g class="label ${arrow.kind}" data-transition="${escaped(arrow.key)}">`, ...texts, "</g>"];
}
