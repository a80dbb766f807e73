// Places a chart's boxes and arrows with elk's layered layout, nested states inside their parents. Text is measured as
// monospaced, so that a chart gives the same picture on every computer.
import elk, { type ElkEdgeSection, type ElkExtendedEdge, type ElkNode } from "elkjs/lib/elk.bundled.js";
import { type Arrow, type Box, boxesOf, type Chart, labelOf } from "./chart.ts";
import { behaviourOf, ignoredBy, type Line } from "./mermaid.ts";

export interface PlacedBox {
  box: Box;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Where its text begins: below its name, or where elk placed it among the inner boxes. */
  text: Point;
  /** The lines of its text. */
  description: string[];
  behaviour: Line[];
}

export interface Point {
  x: number;
  y: number;
}

export interface PlacedArrow {
  /** undefined for the arrow to an initial state. */
  arrow: Arrow | undefined;
  points: Point[];
  label: { x: number; y: number; lines: string[] } | undefined;
}

export interface Layout {
  width: number;
  height: number;
  boxes: PlacedBox[];
  arrows: PlacedArrow[];
}

export const sizes = { name: 14, text: 11, line: 15, padding: 12, nameLine: 22 } as const;
const characterWidth = 0.61;
const descriptionColumns = 30;
/** The width of the list of ignored events, which can be long: a box with inner boxes has room for a wider one. */
const ignoredColumns = { least: 34, eachInnerBox: 20, most: 72 } as const;
const labelColumns = 30;
const dotSize = 10;
const initialSuffix = "$initial";
const textSuffix = "$text";

/** Keeps the initial state first, even if arrows lead back to it. */
const downwards = { "elk.layered.priority.direction": "100" };

export const widthOf = (text: string, fontSize: number): number => text.length * fontSize * characterWidth;

export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.filter((line) => line !== "");
}

function ignoredColumnsOf({ boxes }: Box): number {
  const { least, eachInnerBox, most } = ignoredColumns;
  return Math.min(most, Math.max(least, eachInnerBox * boxes.length));
}

/** The lines of a box and their size. */
function textOf(box: Box): { description: string[]; behaviour: Line[]; width: number; height: number } {
  const description = wrap(box.description, descriptionColumns);
  const ignored = wrap(ignoredBy(box), ignoredColumnsOf(box));
  const quiet = ignored.map((words): Line => ({ words, kind: "quiet", transition: undefined }));
  const behaviour = [...behaviourOf(box), ...quiet];
  const widths = [
    widthOf(box.name, sizes.name),
    ...[...description, ...behaviour.map(({ words }) => words)].map((line) => widthOf(line, sizes.text)),
  ];
  const gap = behaviour.length > 0 ? sizes.line / 2 : 0;
  return {
    description,
    behaviour,
    width: Math.ceil(Math.max(...widths)) + 2 * sizes.padding,
    height: sizes.nameLine + (description.length + behaviour.length) * sizes.line + gap + sizes.padding,
  };
}

/** Set on every box with inner boxes, because elk does not inherit options. */
export const layered = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.layered.spacing.nodeNodeBetweenLayers": "34",
  "elk.spacing.nodeNode": "26",
  "elk.spacing.edgeLabel": "4",
  "elk.layered.cycleBreaking.strategy": "DEPTH_FIRST",
  // Of elk's placement strategies, the one with the straightest arrows; narrower than with elk's default.
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.randomSeed": "1",
};

export async function layoutOf(chart: Chart): Promise<Layout> {
  const graph: ElkNode = {
    id: "picture",
    layoutOptions: { ...layered, "elk.json.edgeCoords": "ROOT", "elk.json.shapeCoords": "ROOT" },
    children: [nodeOf(chart.root)],
    edges: [...chart.arrows.map(edgeOf), ...initialEdges(chart.root)],
  };
  const placed = await new elk.default().layout(graph);
  const nodes = new Map<string, ElkNode>();
  collect(placed, nodes);
  const boxes = [...boxesOf(chart.root)].map((box) =>
    placedBox(box, nodes.get(box.id), nodes.get(box.id + textSuffix)),
  );
  const arrows = (placed.edges ?? []).map((edge, index) => placedArrow(edge, chart.arrows[index]));
  return { width: placed.width ?? 0, height: placed.height ?? 0, boxes, arrows };
}

function nodeOf(box: Box): ElkNode {
  const { width, height } = textOf(box);
  if (box.boxes.length === 0) return { id: box.id, width, height };
  // The text of a box with inner boxes is a node in the first layer, so that arrows go around it.
  const text: ElkNode = {
    id: box.id + textSuffix,
    width: width - 2 * sizes.padding,
    height: height - sizes.nameLine,
    layoutOptions: { "elk.layered.layering.layerConstraint": "FIRST" },
  };
  const nameWidth = widthOf(`${box.name} (at once)`, sizes.name) + 2 * sizes.padding;
  const dot: ElkNode[] =
    box.initial === undefined ? [] : [{ id: box.id + initialSuffix, width: dotSize, height: dotSize }];
  return {
    id: box.id,
    layoutOptions: {
      ...layered,
      "elk.padding": `[top=${sizes.nameLine + 4},left=12,bottom=16,right=16]`,
      "elk.nodeSize.constraints": "[MINIMUM_SIZE]",
      "elk.nodeSize.options": "[DEFAULT_MINIMUM_SIZE]",
      "elk.nodeSize.minimum": `(${nameWidth},${sizes.nameLine})`,
    },
    children: [text, ...dot, ...box.boxes.map(nodeOf)],
  };
}

function edgeOf(arrow: Arrow, index: number): ElkExtendedEdge {
  const lines = wrap(labelOf(arrow), labelColumns);
  const width = Math.max(...lines.map((line) => widthOf(line, sizes.text)));
  const label = { id: `label${index}`, text: lines.join("\n"), width, height: lines.length * sizes.line };
  return { id: `arrow${index}`, sources: [arrow.from], targets: [arrow.to], labels: [label] };
}

function initialEdges(root: Box): ElkExtendedEdge[] {
  return [...boxesOf(root)].flatMap(({ id, initial }) =>
    initial === undefined
      ? []
      : [{ id: `${id}-initial`, sources: [id + initialSuffix], targets: [initial], layoutOptions: downwards }],
  );
}

function collect(node: ElkNode, nodes: Map<string, ElkNode>): void {
  nodes.set(node.id, node);
  for (const child of node.children ?? []) collect(child, nodes);
}

function placedBox(box: Box, node: ElkNode | undefined, textNode: ElkNode | undefined): PlacedBox {
  const { description, behaviour } = textOf(box);
  const { x = 0, y = 0, width = 0, height = 0 } = node ?? {};
  const text = { x: textNode?.x ?? x + sizes.padding, y: textNode?.y ?? y + sizes.nameLine };
  return { box, x, y, width, height, text, description, behaviour };
}

function placedArrow(edge: ElkExtendedEdge, arrow: Arrow | undefined): PlacedArrow {
  const points = (edge.sections ?? []).flatMap(({ startPoint, bendPoints, endPoint }: ElkEdgeSection) => [
    startPoint,
    ...(bendPoints ?? []),
    endPoint,
  ]);
  const [label] = edge.labels ?? [];
  if (!label) return { arrow, points, label: undefined };
  return { arrow, points, label: { x: label.x ?? 0, y: label.y ?? 0, lines: (label.text ?? "").split("\n") } };
}
