// Turns a model (a small XState chart of what a client may do and see) into paths to play, with xstate/graph: a
// shortest path to every state, a path over every transition, and simple paths up to a bound. Never runs anything.
//
//   walk(model, bounds?) → Walk { name, stateNames, eventTypes, states, transitions, found, paths }     walk.ts
//   play(walk, implementation, options?) → Played { model: {name, states, …, paths, steps}, failures }  play.ts
//     implementation: { inFixture(run), states: {[leaf]: (fixture) => …}, events: {[type]: (fixture, event) => …} }
//     A leaf state's name is its path in the model without the model's id ("open.flow.congested"); in a parallel model
//     each region's leaf is asserted after every step. A missing or superfluous entry throws before anything is played.
//   new Coverage(charts); attach(actorSystem) → detach; table() → {chart, taken, all, missing[]}[]         coverage.ts
import type { AnyStateMachine, EventObject } from "xstate";
import { adjacencyMapToArray, getAdjacencyMap, getShortestPaths, serializeSnapshot } from "xstate/graph";

/** An event, and the leaf states of the model that it leads to. */
export interface Step {
  event: EventObject;
  states: string[];
}

export interface Path {
  /** Why the path is walked. */
  kind: "shortest" | "transition" | "simple" | "tour";
  /** The leaf states in which the path begins. */
  first: string[];
  steps: Step[];
}

export interface Walk {
  name: string;
  /** Every leaf state and every event of the model, walked or not. */
  stateNames: string[];
  eventTypes: string[];
  /** The size of the graph: combinations of leaf states (and context), and the transitions out of them. */
  states: number;
  transitions: number;
  /** How many paths there are of each kind; simple ones are counted up to simplePathsCounted. */
  found: { shortest: number; transition: number; simple: number };
  /** The paths to play, without those that are the beginning of another one. */
  paths: Path[];
}

export interface WalkBounds {
  /** How many simple paths are played at most. Of more, the same sample is played each time. 0: none. */
  simplePathsMax?: number;
  /** Maximum number of steps of a simple path. */
  simplePathLengthMax?: number;
  /**
   * Plays only tours. Each continues with transitions that are not taken yet, up to this many steps, so that few paths
   * take every transition. A failure hides the transitions that its tour would have taken later.
   */
  tourStepsMax?: number | undefined;
  /** Events with fields, which replace the bare events of the same type. */
  events?: EventObject[];
  /** How many states the walk may visit. A larger model cannot be played. */
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

/** Counting of simple paths stops at this number, which is more than any run plays. */
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
    // Every event in every state: filterEvents drops those without a transition.
    events: eventTypesOf(model.root).flatMap((type) => {
      const withFields = events.filter((event) => event.type === type);
      return withFields.length > 0 ? withFields : [{ type }];
    }),
    // A traversal visits each state once per transition to it, so its limit must exceed the number of states.
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

/** Includes those that change nothing, which XState's own `machine.events` leaves out. */
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

/**
 * Tours over every transition. Each takes the shortest ways to open (not yet taken) transitions until none is open or
 * the next one is too far away.
 */
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
    // Every node can be reached from the first one, and so can every open transition.
    if (tour.length === 0) throw new Error("unreachable: no way leads to an open transition");
    tours.push(pathOf("tour", first, tour));
  }
  return tours;
}

/** A shortest way whose last edge is one of these; empty when there is none. */
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
 * Paths that visit no state twice and cannot continue or have the maximum length: all of them, or a sample.
 * xstate/graph's getSimplePaths builds every path before any can be left out, and a model with three regions has
 * millions. test/model/walk.test.ts compares the two on a small model.
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
 * A sample of different paths, each drawn separately: the first paths of a depth-first search would all begin alike.
 * Each step draws three edges and takes the one with the most unvisited successors, so that the paths do not all end in
 * the final state.
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

/** Random numbers below a bound, the same sequence for the same seed (mulberry32). */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, below);
  };
}

/** Leaves out each path that is the beginning of another one, because it is played as part of that one. */
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
