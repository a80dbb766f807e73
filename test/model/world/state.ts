// The explored world as a value: the charts' states and the little of the data plane that the promises stand on. A step
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
  /** It waits to be let in. */
  admissions: number;
  /** Slices of the log that are due. */
  slices: number;
  /** Where it begins in what the conversation emitted. */
  from: number;
  received: EventNumber[];
}

export interface SurfaceWatch {
  chart: ChartState;
  /** Viewer.awaiting: how often it has asked for the whole surface and not got it. */
  awaiting: number;
  hasNewest: boolean;
  /** What it has asked for and got since it was looked at last; then only the last one counts. */
  asked: number;
  received: SpecSeen[];
}

/** Versions are ages: how many changes there have been since, up to a bound. */
export interface SpecSeen {
  kind: "surface" | "update";
  age: number;
}

export interface Socket {
  /** 0: there is none. */
  chart: ChartState;
  isStalled: boolean;
  /** Writes that it has not read. */
  unread: number;
  /** SocketWriter.congested, SocketWriter.ended. */
  isCongested: boolean;
  isEnded: boolean;
  /** The code of our close frame, and the one that the first cause asks for. */
  closeCode: number;
  closeDue: number;
  isCut: boolean;
  watch: Watch | undefined;
  surfaceWatch: SurfaceWatch | undefined;
  /** Connection.asking has the conversation. */
  isAsking: boolean;
  /** A turn that it asked for was started and is not sealed: what isAsking must come to. */
  asks: boolean;
  /** The newest version that an ended subscription has seen. */
  specSeen: number | undefined;
  refusalsOwed: string[];
  refusals: string[];
  /** How many broadcasts had been made when it came in, and how many it got. */
  broadcastsFrom: number;
  broadcastsReceived: number;
  strays: string[];
}

export interface Runner {
  turn: number;
  /** As the runner beside the chart knows it. */
  phase: string;
  /** The reason of its `done`, once that is out. */
  ended: string | undefined;
  isAgentAtWork: boolean;
  isToolOpen: boolean;
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
  /** Texts that wait, and those in the agent's hands. */
  waiting: number[];
  handed: number[][];
  isStoreFailing: boolean;
  isDraining: boolean;
  /** What it has said since what is forgotten, and what was asked of it. */
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
  /** A new viewer finds it. */
  isCurrent: boolean;
  viewers: Sockets;
  /** The age of what the provider was asked for and has not answered: the newest question, and an older one. */
  question: number | undefined;
  oldQuestion: number | undefined;
  /** Has the newest question been answered, as far as we know? */
  outcome: "asked" | "good" | "failed";
  /** Since the provider was asked it has changed or failed: there is a reason to ask it once more. */
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
  /** Facts under way, oldest first: whom they are for and what they say. */
  signals: Fact[];
  /** What this step has brought about, to be looked at before it is forgotten. */
  endedWatches: { socket: number; watch: Watch; to: number }[];
  /** Something that must not be. */
  problems: string[];
}

export type FactKind = "connection" | "watch" | "surfaceWatch" | "surface";

export interface Fact {
  to: FactKind;
  /** The socket's place, or the surface's. */
  at: number;
  type: string;
}

const copySocket = (socket: Socket): Socket => ({
  ...socket,
  watch: socket.watch && { ...socket.watch },
  surfaceWatch: socket.surfaceWatch && { ...socket.surfaceWatch },
});

/** Lists are never changed in place, so that a copy may share them. */
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
