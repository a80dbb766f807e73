// The bounds that keep the explored world finite: how many of each thing may exist, and which steps may happen. Raising
// a number multiplies the states. What no scope covers is listed in `leavesOut` (scopes.ts).

/** What an agent may emit and do in its turn, besides finishing. */
export type AgentAct = "text" | "reasoning" | "tools" | "retry" | "step" | "steering" | "silence";

/** How a turn may end, other than by finishing. */
export type Ending = "fails" | "outgrows" | "overtime" | "lost" | "unwatched" | "interrupted" | "cancelled" | "closed";

/** Why a socket may be closed, other than by its client. */
export type Closing = "stuck" | "silent" | "broken" | "asked" | "draining" | "defect" | "flooding" | "revoked";

export interface Bounds {
  name: string;
  sockets: 1 | 2;
  /** Turns that run or that a watcher has yet to see. Turns that all watchers have seen are forgotten, not counted. */
  turns: number;
  /** Events of the agent in one turn. */
  agentEvents: number;
  agentActs: readonly AgentAct[];
  endings: readonly Ending[];
  /** Texts that may be queued at the same time. */
  queuedTexts: number;
  storeMayFail: boolean;
  /** Clients may watch the conversation and ask for turns. */
  hasConversation: boolean;
  hasSurface: boolean;
  /** The provider may throw, or not answer in time. */
  surfaceMayFail: boolean;
  /** Requests of one viewer for the surface that may be unanswered at once. */
  surfaceRequests: number;
  /** Broadcasts under way at once. */
  broadcasts: 0 | 1;
  /** Clients that may have stopped reading at the same time. */
  stalledAtOnce: 0 | 1 | 2;
  /** Writes without an ack that a socket may have; one more makes it congested. */
  unreadWrites: number;
  closings: readonly Closing[];
  /** A new client may take the place of one that has gone. */
  mayComeAgain: boolean;
  /** Events in one slice of a catching-up cursor. */
  eventsPerSlice: number;
  /** A walk over sockets or viewers is one step for each of them. Otherwise it is one step for all. */
  slicedWalks: boolean;
  /** With more facts under way than this, only inner steps may happen. */
  signalsUnderWay: number;
  /** Facts that only change a chart's state (first and last of something counted) travel like the others. */
  countsTravel: boolean;
}
