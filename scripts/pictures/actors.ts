// Draws the actor tree: each kind of actor, its parent and its job. The tree is written down here, and a test compares
// it with a running server (test/pictures.test.ts).
import elk, { type ElkNode } from "elkjs/lib/elk.bundled.js";
import { layered, sizes, widthOf, wrap } from "./layout.ts";
import { escaped, lineOf, number, pictureOf } from "./svg.ts";

export interface Family {
  /** The id of the actor's machine. */
  kind: string;
  /** How many of them there are. */
  many: string;
  about: string;
  children: Family[];
}

const leaf = (kind: string, many: string, about: string): Family => ({ kind, many, about, children: [] });

export const actorTree: Family = {
  kind: "gateway",
  many: "one, the root",
  about: "Accepts sockets, forwards broadcasts, drains when the server stops.",
  children: [
    {
      kind: "connection",
      many: "one per socket",
      about: "Handles one client's requests until its socket is closed.",
      children: [
        leaf(
          "watch",
          "one per conversation that its socket watches",
          "Writes a conversation's events from its cursor on.",
        ),
      ],
    },
    leaf("surface", "one per surface with viewers", "Asks the surface's provider once for all its viewers."),
    {
      kind: "conversation",
      many: "one per conversation in use",
      about: "Runs one turn at a time; further texts wait.",
      children: [leaf("turn", "one per running turn", "Follows the agent while it writes an answer.")],
    },
  ],
};

const columns = 28;
const countWidth = 60;

const linesOf = ({ many, about }: Family): { many: string[]; about: string[] } => ({
  many: wrap(many, columns),
  about: wrap(about, columns),
});

export function* familiesOf(family: Family): Generator<Family> {
  yield family;
  for (const child of family.children) yield* familiesOf(child);
}

export async function actorsSvg(tree: Family = actorTree): Promise<string> {
  const families = [...familiesOf(tree)];
  const graph: ElkNode = {
    id: "actors",
    layoutOptions: { ...layered, "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES" },
    children: families.map(nodeOf),
    edges: families.flatMap((parent) =>
      parent.children.map(({ kind }) => ({ id: `${parent.kind}-${kind}`, sources: [parent.kind], targets: [kind] })),
    ),
  };
  const placed = await new elk.default().layout(graph);
  const nodes = new Map((placed.children ?? []).map((node) => [node.id, node]));
  const arrows = (placed.edges ?? []).map(({ sections }) => {
    const points = (sections ?? []).flatMap((part) => [part.startPoint, ...(part.bendPoints ?? []), part.endPoint]);
    return `<g class="arrow">${lineOf(points)}</g>`;
  });
  const parents = new Map(families.flatMap((parent) => parent.children.map((child) => [child, parent] as const)));
  const boxes = families.flatMap((family) => drawFamily(family, parents.get(family), nodes.get(family.kind)));
  const { width = 0, height = 0 } = placed;
  return pictureOf({ title: "The tree of actors", width, height, parts: [...arrows, ...boxes] });
}

function nodeOf(family: Family): ElkNode {
  const { many, about } = linesOf(family);
  const widest = Math.max(...[...many, ...about].map((line) => widthOf(line, sizes.text)));
  const width = Math.max(widthOf(family.kind, sizes.name) + countWidth, widest) + 2 * sizes.padding;
  return { id: family.kind, width, height: sizes.nameLine + (many.length + about.length) * sizes.line + 14 };
}

/** The count stays empty here; the live page fills it in. */
function drawFamily(family: Family, parent: Family | undefined, node: ElkNode | undefined): string[] {
  const { x = 0, y = 0, width = 0, height = 0 } = node ?? {};
  const { many, about } = linesOf(family);
  const left = number(x + sizes.padding);
  const lines = [
    ...many.map((words) => ({ words, kind: "behaviour" })),
    ...about.map((words) => ({ words, kind: "about" })),
  ];
  return [
    `<g class="family" data-kind="${family.kind}"${parent ? ` data-parent="${parent.kind}"` : ""}>`,
    `<rect class="box" x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" rx="8"/>`,
    `<text class="name" x="${left}" y="${number(y + sizes.nameLine - 2)}">${escaped(family.kind)}</text>`,
    `<text class="name count" data-count="${family.kind}" text-anchor="end" x="${number(x + width - sizes.padding)}"` +
      ` y="${number(y + sizes.nameLine - 2)}"></text>`,
    ...lines.map(({ words, kind }, index) => {
      const baseline = number(y + sizes.nameLine + 1 + (index + 1) * sizes.line - 1);
      return `<text class="${kind}" x="${left}" y="${baseline}">${escaped(words)}</text>`;
    }),
    "</g>",
  ];
}

export function actorsMermaid(tree: Family = actorTree): string {
  const families = [...familiesOf(tree)];
  const name = (kind: string): string => kind.replaceAll("-", "_");
  return [
    "flowchart TD",
    ...families.map(({ kind, many }) => `  ${name(kind)}["${kind}<br>${many}"]`),
    ...families.flatMap((parent) => parent.children.map((child) => `  ${name(parent.kind)} --> ${name(child.kind)}`)),
  ].join("\n");
}
