// A placed chart as an SVG file: light and dark by the reader's own setting, without a script or a font of its own.
import type { Layout, PlacedArrow, PlacedBox } from "./layout.ts";
import { sizes } from "./layout.ts";

const margin = 16;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const number = (value: number): string => String(Math.round(value * 10) / 10);

const style = `
  text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1d2327; }
  .name { font-size: ${sizes.name}px; font-weight: 600; }
  .description, .behaviour, .label { font-size: ${sizes.text}px; }
  .description { fill: #5b6770; }
  .behaviour { fill: #0b6b5d; }
  .halo, .label { paint-order: stroke; stroke: #f6f7f8; stroke-width: 4px; stroke-linejoin: round; }
  .box { fill: #ffffff; stroke: #75828c; stroke-width: 1.2; }
  .nested { fill: #f6f7f8; }
  .inner { fill: none; stroke: #75828c; }
  .region { stroke-dasharray: 5 4; }
  .arrow { fill: none; stroke: #33424d; stroke-width: 1.2; }
  .delayed { stroke-dasharray: 6 4; }
  .always { stroke: #0b6b5d; }
  .head, .dot { fill: #33424d; }
  .back { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e9eb; }
    .description { fill: #9aa7b0; }
    .behaviour { fill: #6fd3c1; }
    .halo, .label { stroke: #161b1f; }
    .box { fill: #1b2126; stroke: #66737d; }
    .nested { fill: #161b1f; }
    .inner { stroke: #66737d; }
    .arrow { stroke: #b4c0c8; }
    .always { stroke: #6fd3c1; }
    .head, .dot { fill: #b4c0c8; }
    .back { fill: #0f1316; }
  }`;

export function svgOf(title: string, layout: Layout): string {
  const width = Math.ceil(layout.width) + 2 * margin;
  const height = Math.ceil(layout.height) + 2 * margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`,
    ` viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}\n</style>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
    '<path class="head" d="M0 0.5 L8 4 L0 7.5 z"/></marker></defs>',
    `<rect class="back" width="${width}" height="${height}"/>`,
    `<g transform="translate(${margin} ${margin})">`,
    ...layout.boxes.flatMap(drawBox),
    ...layout.arrows.map(drawLine),
    ...layout.boxes.flatMap(drawText),
    ...layout.arrows.flatMap(drawLabel),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function drawBox(placed: PlacedBox): string[] {
  const { box, x, y, width, height } = placed;
  const classes = `box${box.boxes.length > 0 ? " nested" : ""}${box.kind === "parallel" ? " region" : ""}`;
  const at = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
  const border = `<rect class="${classes}" ${at} rx="8"/>`;
  return box.kind === "final" ? [border, inner(placed)] : [border];
}

/** After the arrows, with a halo: a line that has to cross a text does not strike it out. */
function drawText({ box, x, y, description, behaviour }: PlacedBox): string[] {
  const halo = box.boxes.length > 0 ? " halo" : "";
  const gap = behaviour.length > 0 ? sizes.line / 2 : 0;
  const lines = [
    { kind: "name", words: box.kind === "parallel" ? `${box.name} (at once)` : box.name, gap: 0 },
    ...description.map((words) => ({ kind: "description", words, gap: 0 })),
    ...behaviour.map((words) => ({ kind: "behaviour", words, gap })),
  ];
  const left = number(x + sizes.padding);
  return lines.map(({ kind, words, gap }, index) => {
    const baseline = number(y + sizes.nameLine - 4 + index * sizes.line + gap);
    return `<text class="${kind}${halo}" x="${left}" y="${baseline}">${escaped(words)}</text>`;
  });
}

/** A final state has a double border. */
function inner({ x, y, width, height }: PlacedBox): string {
  const at = `x="${number(x + 3)}" y="${number(y + 3)}" width="${number(width - 6)}" height="${number(height - 6)}"`;
  return `<rect class="inner" ${at} rx="6"/>`;
}

function drawLine({ arrow, points }: PlacedArrow): string {
  const path = points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${number(x)} ${number(y)}`).join(" ");
  const [start] = points;
  const dot =
    arrow === undefined && start
      ? `<circle class="dot" cx="${number(start.x)}" cy="${number(start.y - 5)}" r="5"/>`
      : "";
  return `<path class="arrow ${arrow?.kind ?? "initial"}" d="${path}" marker-end="url(#head)"/>${dot}`;
}

function drawLabel({ label }: PlacedArrow): string[] {
  if (!label) return [];
  return label.lines.map((words, index) => {
    const y = label.y + (index + 1) * sizes.line - 4;
    return `<text class="label" x="${number(label.x)}" y="${number(y)}">${escaped(words)}</text>`;
  });
}
