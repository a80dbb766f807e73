// Finds actors by chart, state, name and age, and describes one actor in detail. Reads the running system on each
// request and keeps no copy.
import type { AnyActorRef, AnyMachineSnapshot, AnyStateNode } from "xstate";
import type { Connection } from "../../connections/connection.ts";
import type { TurnProgress } from "../../ports/conversations.ts";
import type { ActorRegistry } from "../../runtime/actor-registry.ts";
import type { Clock } from "../../runtime/clock.ts";
import { activeNodesOf, isMachineSnapshot, parentOf } from "../../runtime/xstate-internals.ts";
import { type ActorNames, chartOf, isInnermost, matches, namesOf, statesOf } from "./actor.ts";
import type { ActorDetail, ActorSummary, ActorsFound, ChartCount, CursorPlace, Deadline, Flow } from "./answers.ts";
import { expectationsOf } from "./expectations.ts";

export interface ActorSearch {
  chart?: string | undefined;
  /** The id of a state, innermost or not, that the actor is in. */
  state?: string | undefined;
  /** Part of an id or of a name. */
  find?: string | undefined;
  olderThanMs?: number | undefined;
  youngerThanMs?: number | undefined;
  limit: number;
}

export interface DirectoryOptions {
  root: AnyActorRef;
  actors: ActorRegistry;
  connections: { get(connectionId: string): Connection | undefined; all(): Iterable<Connection> };
  progress: (conversationId: string) => TurnProgress | undefined;
  clock: Clock;
}

interface Known {
  actor: AnyActorRef;
  snapshot: AnyMachineSnapshot;
  bornAt: number;
}

export class Directory {
  readonly #options: DirectoryOptions;
  readonly #rootBornAt: number;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#rootBornAt = options.clock.now();
  }

  /** Counts actors by chart and state, in one walk over all. */
  counts(): ChartCount[] {
    const charts = new Map<string, { count: number; nodes: Map<AnyStateNode, number> }>();
    this.#each(undefined, ({ snapshot }) => {
      const chart = chartOf(snapshot);
      const counted = charts.get(chart) ?? { count: 0, nodes: new Map() };
      charts.set(chart, counted);
      counted.count++;
      for (const node of activeNodesOf(snapshot)) counted.nodes.set(node, (counted.nodes.get(node) ?? 0) + 1);
    });
    return [...charts].map(([chart, { count, nodes }]) => ({ chart, count, states: innermostOf(nodes) }));
  }

  find(search: ActorSearch): ActorsFound {
    const actors: ActorSummary[] = [];
    let total = 0;
    const now = this.#options.clock.now();
    this.#each(search.chart, (known) => {
      if (!isSought(known, search, now - known.bornAt)) return;
      total++;
      if (actors.length < search.limit) actors.push(this.#summary(known));
    });
    return { total, actors };
  }

  /** Undefined when there is no such actor (any more). */
  detail(id: string, childrenMax: number): ActorDetail | undefined {
    const known = this.#get(id);
    if (!known) return undefined;
    const { actor } = known;
    const parentActor = parentOf(actor);
    const children: ActorSummary[] = [];
    let childrenTotal = 0;
    let parent: ActorSummary | undefined;
    this.#each(undefined, (other) => {
      if (other.actor === parentActor) parent = this.#summary(other);
      if (parentOf(other.actor) !== actor) return;
      childrenTotal++;
      if (children.length < childrenMax) children.push(this.#summary(other));
    });
    return this.#detailOf(known, { parent, children, childrenTotal });
  }

  #detailOf(known: Known, family: Pick<ActorDetail, "parent" | "children" | "childrenTotal">): ActorDetail {
    const { actor, snapshot } = known;
    const connection = this.#socketOf(snapshot);
    const turn = this.#progressOf(snapshot);
    return {
      ...this.#summary(known),
      status: snapshot.status,
      ...family,
      waitsFor: expectationsOf(actor, snapshot, deadlinesOf(snapshot, connection, turn), this.#options.clock),
      flow: connection && flowOf(connection),
      cursor: connection && cursorOf(connection, snapshot),
      turn,
    };
  }

  /** Of a conversation, whether or not it has an actor. */
  progress(conversationId: string): TurnProgress | undefined {
    return this.#options.progress(conversationId);
  }

  /** The first actor of a chart with these names, without its parent and children. One walk over that chart. */
  detailOf(chart: string, names: ActorNames): ActorDetail | undefined {
    const found = this.#first(chart, ({ actor, snapshot }) => matches(actor, snapshot, names));
    return found && this.#detailOf(found, { parent: undefined, children: [], childrenTotal: 0 });
  }

  connections(): Iterable<Connection> {
    return this.#options.connections.all();
  }

  connectionOf(connectionId: string): Connection | undefined {
    return this.#options.connections.get(connectionId);
  }

  /** Undefined when there is no such actor (any more). */
  summary(id: string): ActorSummary | undefined {
    const known = this.#get(id);
    return known && this.#summary(known);
  }

  /** Of an actor of this system; of one that is just starting, too. */
  summaryOf(actor: AnyActorRef): ActorSummary | undefined {
    const snapshot: unknown = actor.getSnapshot();
    if (!isMachineSnapshot(snapshot)) return undefined;
    const { root, actors, clock } = this.#options;
    const bornAt = actor === root ? this.#rootBornAt : (actors.alive(chartOf(snapshot)).get(actor) ?? clock.now());
    return this.#summary({ actor, snapshot, bornAt });
  }

  #get(id: string): Known | undefined {
    return this.#first(undefined, ({ actor }) => actor.sessionId === id);
  }

  #first(chart: string | undefined, isWanted: (known: Known) => boolean): Known | undefined {
    let found: Known | undefined;
    this.#each(chart, (known) => {
      if (!found && isWanted(known)) found = { ...known };
    });
    return found;
  }

  /** Visits all actors, or those of one chart. The visited object is reused: copy it to keep it. */
  #each(chart: string | undefined, visit: (known: Known) => void): void {
    const { root, actors } = this.#options;
    const known = { actor: root } as Known;
    const see = (bornAt: number, actor: AnyActorRef): void => {
      const snapshot: unknown = actor.getSnapshot();
      if (!isMachineSnapshot(snapshot)) return;
      known.actor = actor;
      known.snapshot = snapshot;
      known.bornAt = bornAt;
      visit(known);
    };
    if (chart === undefined || chart === root.id) see(this.#rootBornAt, root);
    for (const kind of chart === undefined ? actors.kinds() : [chart]) actors.alive(kind).forEach(see);
  }

  #summary({ actor, snapshot, bornAt }: Known): ActorSummary {
    const { clock } = this.#options;
    return {
      id: actor.sessionId,
      chart: chartOf(snapshot),
      names: namesOf(snapshot),
      states: statesOf(snapshot),
      bornAt: Math.round(clock.wall() - clock.now() + bornAt),
      parentId: parentOf(actor)?.sessionId,
    };
  }

  #progressOf(snapshot: AnyMachineSnapshot): TurnProgress | undefined {
    const { conversationId } = namesOf(snapshot);
    const isAbout = ["conversation", "turn"].includes(chartOf(snapshot));
    return isAbout && conversationId !== undefined ? this.#options.progress(conversationId) : undefined;
  }

  #socketOf(snapshot: AnyMachineSnapshot): Connection | undefined {
    const { connectionId } = namesOf(snapshot);
    return connectionId === undefined ? undefined : this.#options.connections.get(connectionId);
  }
}

function innermostOf(nodes: Map<AnyStateNode, number>): Record<string, number> {
  const states: Record<string, number> = {};
  const inOrder = [...nodes].sort(([one], [other]) => one.order - other.order);
  for (const [node, count] of inOrder) if (isInnermost(node)) states[node.id] = count;
  return states;
}

function flowOf({ writer }: Connection): Flow {
  return {
    unsentBytes: writer.unsentBytes(),
    outstandingBytesMax: writer.outstandingBytesMax,
    outstandingBytes: writer.outstandingBytes(),
    congested: writer.congested,
    closeCode: writer.closeCode,
    heardMsAgo: Math.round(writer.silentMs()),
  };
}

/** Deadlines that are not timers of the actor itself. */
function deadlinesOf(
  snapshot: AnyMachineSnapshot,
  connection: Connection | undefined,
  turn: TurnProgress | undefined,
): Deadline[] {
  const chart = chartOf(snapshot);
  if (chart === "connection") return connection?.writer.deadlines() ?? [];
  if (chart !== "turn" || turn?.endsInMs === undefined) return [];
  const { endsInMs, lostInMs, unwatchedInMs } = turn;
  return [
    ...(lostInMs === undefined ? [] : [{ what: "its agent has given no sign of life: lost", inMs: lostInMs }]),
    ...(unwatchedInMs === undefined ? [] : [{ what: "nobody has watched it: unwatched", inMs: unwatchedInMs }]),
    { what: "it has run for too long: overtime", inMs: endsInMs },
  ];
}

function isSought({ actor, snapshot }: Known, search: ActorSearch, ageMs: number): boolean {
  const { state, find, olderThanMs, youngerThanMs } = search;
  if (olderThanMs !== undefined && ageMs < olderThanMs) return false;
  if (youngerThanMs !== undefined && ageMs > youngerThanMs) return false;
  if (state !== undefined && !activeNodesOf(snapshot).some(({ id }) => id === state)) return false;
  if (find === undefined || actor.sessionId === find) return true;
  return Object.values(namesOf(snapshot)).some((name: string) => name.includes(find));
}

function cursorOf(connection: Connection, snapshot: AnyMachineSnapshot): CursorPlace | undefined {
  const { conversationId } = namesOf(snapshot);
  if (chartOf(snapshot) !== "watch" || conversationId === undefined) return undefined;
  const cursor = connection.watches.get(conversationId)?.cursor;
  if (!cursor) return undefined;
  const head = cursor.feed.log.seq;
  return { seq: cursor.seq, head, lag: head - cursor.seq, live: cursor.feed.live.has(cursor) };
}
