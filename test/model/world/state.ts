// The explored world as a value: the charts' states and the part of the data plane that the promises depend on. A step
// copies it and changes the copy. Must never hold anything that no later step and no promise depends on.
import type { ChartState } from "./chart.ts";
import type { EventNumber } from "./events.ts";

/** A set of sockets, as bits. */
export type Sockets = number;

export interface Watch {
  chart: ChartState;
  /** Cursor.seq: how many events of the log have been written to the socket. */
  seq: number;
  isLive: boolean;
  /** Admissions that it waits for. */
  admissions: number;
  /** Slices of the log that are due to be written. */
  slices: number;
  /** The index in Conversation.emitted at which it begins. */
  from: number;
  received: EventNumber[];
}

export interface SurfaceWatch {
  /** Viewer.awaiting: requests for the whole surface that are not answered yet. */
  awaiting: number;
  hasNewest: boolean;
  /** Its requests and what it received since the last check. After a check, only the last spec is kept. */
  asked: number;
  received: SpecSeen[];
}

/** A version is stored as its age: the number of changes since, up to a bound. */
export interface SpecSeen {
  kind: "surface" | "update";
  age: number;
}

export interface Socket {
  /** 0: there is no connection. */
  chart: ChartState;
  isStalled: boolean;
  /** Writes that the client has not read. */
  unread: number;
  /** SocketWriter.congested, SocketWriter.ended. */
  isCongested: boolean;
  isEnded: boolean;
  /** The code of our close frame, and the code that the first cause requires. */
  closeCode: number;
  closeDue: number;
  isCut: boolean;
  watch: Watch | undefined;
  surfaceWatch: SurfaceWatch | undefined;
  /** Whether the turn that is requested or runs is its own (Connection.ownTurns, Feed.askers). */
  isAsking: boolean;
  /** A turn that it asked for was started and is not sealed. At rest, isAsking must have the same value. */
  asks: boolean;
  /** The newest version that an ended subscription has seen. */
  specSeen: number | undefined;
  refusalsOwed: string[];
  refusals: string[];
  /** How many broadcasts had been made when the socket opened, and how many it received. */
  broadcastsFrom: number;
  broadcastsReceived: number;
  strays: string[];
}

export interface Runner {
  turn: number;
  /** The phase as the runner tracks it, apart from the chart. */
  phase: string;
  /** The reason of its `done`, once that was emitted. */
  ended: string | undefined;
  isAgentAtWork: boolean;
  isToolOpen: boolean;
  isStalled: boolean;
  agentEvents: number;
}

export interface Conversation {
  /** 0: it has no actor. */
  chart: ChartState;
  turnChart: ChartState;
  runner: Runner | undefined;
  exists: boolean;
  isClosed: boolean;
  lastReason: string | undefined;
  /** Queued texts, and texts that were handed to the agent. */
  waiting: number[];
  handed: number[][];
  isStoreFailing: boolean;
  isDraining: boolean;
  /** The events it emitted, the turns that were cancelled and the texts it accepted, as far as not forgotten. */
  emitted: EventNumber[];
  cancelled: { turn: number; at: number }[];
  texts: { text: number; at: number }[];
  turnsBegun: number;
  textsAccepted: number;
}

/** The walk over the live set that is under way. */
export interface Walk {
  from: number;
  to: number;
  visit: Sockets;
}

export interface Feed {
  exists: boolean;
  isSubscribed: boolean;
  log: EventNumber[];
  running: { turn: number; start: number } | undefined;
  head: number;
  walk: Walk | undefined;
  isSettling: boolean;
}

/** One life of the surface, from its first viewer to its release. */
export interface Surface {
  chart: ChartState;
  /** Whether new viewers join it. */
  isCurrent: boolean;
  viewers: Sockets;
  /** Unanswered questions to the provider, each as the age of the requested spec: the newest, and an older one. */
  question: number | undefined;
  oldQuestion: number | undefined;
  /** What is known of the answer to the newest question; a timeout counts as a failure. */
  outcome: "asked" | "good" | "failed";
  /** There is a reason to ask the provider again: it has changed or failed since the last question. */
  isQuestionDue: boolean;
  pending: number | undefined;
  frame: number | undefined;
  isPassWanted: boolean;
  pass: Sockets | undefined;
}

export interface Broadcast {
  made: number;
  isWaiting: boolean;
  pass: Sockets | undefined;
}

export interface World {
  gateway: ChartState;
  sockets: Socket[];
  conversation: Conversation;
  feed: Feed;
  surfaces: Surface[];
  broadcast: Broadcast;
  /** Facts under way, oldest first. */
  signals: Fact[];
  /** Watches that ended in this step, kept until they are checked. */
  endedWatches: { socket: number; watch: Watch; to: number }[];
  /** Problems that this step has found. */
  problems: string[];
}

export type FactKind = "connection" | "watch" | "surface";

export interface Fact {
  to: FactKind;
  /** The index of the socket or of the surface. */
  at: number;
  type: string;
}

const copySocket = (socket: Socket): Socket => ({
  ...socket,
  watch: socket.watch && { ...socket.watch },
  surfaceWatch: socket.surfaceWatch && { ...socket.surfaceWatch },
});

/** Lists are never changed in place, so a copy may share them. */
export function copyOf(world: World): World {
  const { conversation, feed } = world;
  return {
    gateway: world.gateway,
    sockets: world.sockets.map(copySocket),
    conversation: { ...conversation, runner: conversation.runner && { ...conversation.runner } },
    feed: { ...feed, walk: feed.walk && { ...feed.walk } },
    surfaces: world.surfaces.map((surface) => ({ ...surface })),
    broadcast: { ...world.broadcast },
    signals: world.signals,
    endedWatches: [],
    problems: [],
  };
}

export const emptySocket: Socket = {
  chart: 0,
  isStalled: false,
  unread: 0,
  isCongested: false,
  isEnded: false,
  closeCode: 0,
  closeDue: 0,
  isCut: false,
  watch: undefined,
  surfaceWatch: undefined,
  isAsking: false,
  asks: false,
  specSeen: undefined,
  refusalsOwed: [],
  refusals: [],
  broadcastsFrom: 0,
  broadcastsReceived: 0,
  strays: [],
};

export const emptyWorld = (sockets: number): World => ({
  gateway: 0,
  sockets: Array.from({ length: sockets }, () => ({ ...emptySocket })),
  conversation: {
    chart: 0,
    turnChart: 0,
    runner: undefined,
    exists: false,
    isClosed: false,
    lastReason: undefined,
    waiting: [],
    handed: [],
    isStoreFailing: false,
    isDraining: false,
    emitted: [],
    cancelled: [],
    texts: [],
    turnsBegun: 0,
    textsAccepted: 0,
  },
  feed: {
    exists: false,
    isSubscribed: false,
    log: [],
    running: undefined,
    head: 0,
    walk: undefined,
    isSettling: false,
  },
  surfaces: [],
  broadcast: { made: 0, isWaiting: false, pass: undefined },
  signals: [],
  endedWatches: [],
  problems: [],
});
