// Walks a model (a small XState chart of what a client may do and see) with xstate/graph into paths that can be played:
// a shortest one to every state, one over every transition, and simple ones up to a bound. It never runs anything.
//
//   walk(model, bounds?) → Walk { name, stateNames, eventTypes, states, transitions, found, paths }     walk.ts
//   play(walk, implementation, options?) → Played { model: {name, states, …, paths, steps}, failures }  play.ts
//     implementation: { inHouse(run), states: {[leaf state]: (fixture) => …}, events: {[type]: (fixture, event) => …} }
//     A leaf state's name is its path in the model without the model's id ("open.flow.congested"); in a parallel model
//     each region's leaf is asserted after every step. A missing or superfluous entry throws before anything is played.
//   new Coverage(charts); attach(actorSystem) → detach; table() → {chart, taken, all, missing[]}[]         coverage.ts
import type { AnyStateMachine, EventObject } from "xstate";
import { adjacencyMapToArray, getAdjacencyMap, getShortestPaths, serializeSnapshot } from "xstate/graph";

/** What happens, and the leaf states of the model that it leads to. */
export interface Step {
  event: EventObject;
  states: string[];
}

export interface Path {
  /** Why it is walked. */
  kind: "shortest" | "transition" | "simple" | "tour";
  /** The leaf states it begins in. */
  first: string[];
  steps: Step[];
}

export interface Walk {
  name: string;
  /** Every leaf state and every event of the model, walked or not. */
  stateNames: string[];
  eventTypes: string[];
  /** Of the graph: combinations of leaf states (and context), and what may happen in each. */
  states: number;
  transitions: number;
  /** How many of each kind there are; simple ones are counted up to simplePathsCounted. */
  found: { shortest: number; transition: number; simple: number };
  /** To be played: without those that are the beginning of another one. */
  paths: Path[];
}

export interface WalkBounds {
  /** Simple paths that are played; more of them are sampled, the same ones each time. 0: none. */
  simplePathsMax?: number;
  /** Steps of a simple path. */
  simplePathLengthMax?: number;
  /**
   * Only tours are played: each goes on to what has not been taken yet, for so many steps, so that few paths take every
   * transition. A failure hides what its tour would have taken after it.
   */
  tourStepsMax?: number | undefined;
  /** Events with fields, in place of the bare ones of the same type. */
  events?: EventObject[];
  /** States that the walk may visit; a model with more is too large to be played. */
  statesMax?: number;
}

interface Edge {
  event: EventObject;
  to: Node;
}

interface Node {
  states: string[];
  edges: Edge[];
}

/** Simple paths are counted so far: beyond, there are more than anybody will play. */
export const simplePathsCounted = 20_000;

/** @throws Error when the model has more than statesMax states, or one that no path reaches. */
export function walk(model: AnyStateMachine, bounds: WalkBounds = {}): Walk {
  const { simplePathsMax = 100, simplePathLengthMax = 12, tourStepsMax, events = [], statesMax = 2_000 } = bounds;
  const graph = graphOf(model, events, statesMax);
  const nodes = [...graph.nodes.values()];
  const shortest = nodes.map((node) => pathTo(graph, node));
  const over = nodes.flatMap((node) =>
    node.edges.map((edge): Path => ({ ...pathTo(graph, node, edge), kind: "transition" })),
  );
  const simple = simplePaths(graph.first, simplePathsMax, simplePathLengthMax);
  const stateNames = leavesOf(model.root).sort();
  const reached = new Set(nodes.flatMap((node) => node.states));
  const unreached = stateNames.filter((name) => !reached.has(name));
  if (unreached.length > 0) throw new Error(`model ${model.id}: no path reaches ${unreached.join(", ")}`);
  return {
    name: model.id,
    stateNames,
    eventTypes: eventTypesOf(model.root),
    states: nodes.length,
    transitions: over.length,
    found: { shortest: shortest.length, transition: over.length, simple: simple.count },
    paths:
      tourStepsMax === undefined
        ? withoutBeginnings([...shortest, ...over, ...simple.paths])
        : toursOf(graph, tourStepsMax),
  };
}

interface Graph {
  first: Node;
  nodes: Map<string, Node>;
  /** The shortest way to each node. */
  ways: Map<Node, Edge[]>;
}

function graphOf(model: AnyStateMachine, events: EventObject[], limit: number): Graph {
  const options = {
    // All of them in every state: what a state has no transition for is filtered out.
    events: eventTypesOf(model.root).flatMap((type) => {
      const withFields = events.filter((event) => event.type === type);
      return withFields.length > 0 ? withFields : [{ type }];
    }),
    // A traversal looks at every transition once more than at every state.
    limit: limit * 100,
    filterEvents: (snapshot: Snapshot, event: EventObject) =>
      (model.getTransitionData(snapshot, event) ?? []).length > 0,
  };
  const adjacency = getAdjacencyMap(model, options);
  const nodes = new Map<string, Node>();
  for (const [key, { state }] of Object.entries(adjacency)) nodes.set(key, { states: namesOf(state), edges: [] });
  if (nodes.size > limit) throw new Error(`model ${model.id}: ${nodes.size} states, at most ${limit}: make it smaller`);
  const nodeOf = (snapshot: Snapshot): Node => {
    const node = nodes.get(serializeSnapshot(snapshot));
    if (!node) throw new Error(`model ${model.id}: a state is missing from its own graph`);
    return node;
  };
  for (const { state, event, nextState } of adjacencyMapToArray(adjacency))
    nodeOf(state).edges.push({ event, to: nodeOf(nextState) });
  const ways = new Map<Node, Edge[]>();
  for (const { state, steps } of getShortestPaths(model, options)) {
    const way = steps.slice(1).map((step): Edge => ({ event: step.event, to: nodeOf(step.state) }));
    ways.set(nodeOf(state), way);
  }
  const first = [...ways].find(([, way]) => way.length === 0)?.[0];
  if (!first) throw new Error(`model ${model.id}: it has no first state`);
  return { first, nodes, ways };
}

type Snapshot = ReturnType<AnyStateMachine["transition"]>;

function namesOf(snapshot: Snapshot): string[] {
  const leaves = [...snapshot._nodes].filter(isLeaf).sort((one, other) => one.order - other.order);
  return leaves.map((node) => node.path.join("."));
}

const isLeaf = ({ type }: { type: string }): boolean => type === "atomic" || type === "final";

function leavesOf(node: AnyStateMachine["root"]): string[] {
  return isLeaf(node) ? [node.path.join(".")] : Object.values(node.states).flatMap(leavesOf);
}

/** Also those that change nothing: XState's own `machine.events` leaves them out. */
function eventTypesOf(root: AnyStateMachine["root"]): string[] {
  const typesOf = (node: AnyStateMachine["root"]): string[] => [
    ...[...node.transitions.keys()].map(String),
    ...Object.values(node.states).flatMap(typesOf),
  ];
  return [...new Set(typesOf(root))].sort();
}

function pathTo({ first, ways }: Graph, node: Node, further?: Edge): Path {
  const way = [...(ways.get(node) ?? []), ...(further ? [further] : [])];
  return pathOf("shortest", first, way);
}

const pathOf = (kind: Path["kind"], first: Node, way: Edge[]): Path => ({
  kind,
  first: first.states,
  steps: way.map(({ event, to }) => ({ event, states: to.states })),
});

/** Over every transition, each tour by the shortest ways to what is open, until that is too far or nothing is. */
function toursOf({ first, nodes }: Graph, stepsMax: number): Path[] {
  const open = new Set([...nodes.values()].flatMap((node) => node.edges));
  const tours: Path[] = [];
  while (open.size > 0) {
    const tour: Edge[] = [];
    for (let node = first; ; node = tour.at(-1)?.to ?? first) {
      const way = wayToAny(open, node);
      if (way.length === 0 || (tour.length > 0 && tour.length + way.length > stepsMax)) break;
      tour.push(...way);
      for (const edge of way) open.delete(edge);
    }
    // Every node is reached from the first one, and so is what is open.
    if (tour.length === 0) throw new Error("unreachable: no way leads to what is open");
    tours.push(pathOf("tour", first, tour));
  }
  return tours;
}

/** A shortest way whose last edge is one of these; empty when none leads there. */
function wayToAny(edges: ReadonlySet<Edge>, from: Node): Edge[] {
  const visited = new Set([from]);
  let ways: { at: Node; way: Edge[] }[] = [{ at: from, way: [] }];
  while (ways.length > 0) {
    const further: typeof ways = [];
    for (const { at, way } of ways)
      for (const edge of at.edges) {
        const longer = [...way, edge];
        if (edges.has(edge)) return longer;
        if (visited.has(edge.to)) continue;
        visited.add(edge.to);
        further.push({ at: edge.to, way: longer });
      }
    ways = further;
  }
  return [];
}

/**
 * Paths that visit no state twice and cannot go on, or are as long as may be: all of them, or a sample. xstate/graph's
 * getSimplePaths makes all of them before anything can be left out, and there are millions in a model with three
 * regions; test/model/walk.test.ts compares the two on a small one.
 */
function simplePaths(first: Node, most: number, lengthMax: number): { count: number; paths: Path[] } {
  const all: Edge[][] = [];
  let count = 0;
  const visited = new Set([first]);
  const way: Edge[] = [];
  const visit = (node: Node): void => {
    const onward = way.length < lengthMax ? node.edges.filter(({ to }) => !visited.has(to)) : [];
    if (onward.length === 0) {
      count++;
      if (count <= most) all.push([...way]);
    }
    for (const edge of onward) {
      if (count >= simplePathsCounted) return;
      visited.add(edge.to);
      way.push(edge);
      visit(edge.to);
      way.pop();
      visited.delete(edge.to);
    }
  };
  if (most > 0) visit(first);
  const ways = count > most ? sampled(first, most, lengthMax) : all;
  return { count, paths: ways.map((taken) => pathOf("simple", first, taken)) };
}

/**
 * So many different descents, each drawn by itself: the first ones of a depth-first walk would all begin alike. Of
 * three ways on the one is taken that leaves most open, so that they do not all end where everything ends.
 */
function sampled(first: Node, most: number, lengthMax: number): Edge[][] {
  const draw = drawing(most);
  const ways = new Map<string, Edge[]>();
  for (let tries = 0; ways.size < most && tries < most * 10; tries++) {
    const visited = new Set([first]);
    const way: Edge[] = [];
    for (let node = first; way.length < lengthMax; ) {
      const unvisited = node.edges.filter(({ to }) => !visited.has(to));
      const choices = [0, 1, 2].flatMap(() => unvisited[draw(unvisited.length)] ?? []);
      const edge = choices.sort((one, other) => leadsOn(other, visited) - leadsOn(one, visited))[0];
      if (!edge) break;
      visited.add(edge.to);
      way.push(edge);
      node = edge.to;
    }
    ways.set(JSON.stringify(way.map(({ event }) => event)), way);
  }
  return [...ways.values()];
}

const leadsOn = ({ to }: Edge, visited: Set<Node>): number => to.edges.filter((edge) => !visited.has(edge.to)).length;

/** Numbers below a bound, the same row for the same seed (mulberry32). */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, below);
  };
}

/** Leaves out each path that is the beginning of another: it is played with that one. */
function withoutBeginnings(paths: Path[]): Path[] {
  const beginnings = new Set<string>();
  const kept: Path[] = [];
  for (const path of [...paths].sort((one, other) => other.steps.length - one.steps.length)) {
    let key = "";
    const keys = path.steps.map(({ event }) => {
      key += `${JSON.stringify(event)} `;
      return key;
    });
    if (beginnings.has(key)) continue;
    for (const beginning of ["", ...keys]) beginnings.add(beginning);
    kept.push(path);
  }
  return kept;
}
