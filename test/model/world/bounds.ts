// What keeps the explored world finite: how much of everything there may be, and what may happen at all. Raising a
// number multiplies the states; a step that is switched off is named in what the exploration leaves out.

/** What an agent may say and do in its turn, beside finishing. */
export type AgentAct = "text" | "reasoning" | "tools" | "retry" | "step" | "steering";

/** How a turn may end, beside by finishing. */
export type Ending = "fails" | "outgrows" | "overdue" | "interrupted" | "cancelled" | "closed";

/** Why a socket may be closed, beside by its client. */
export type Closing = "stuck" | "silent" | "broken" | "asked" | "draining" | "defect" | "flooding" | "revoked";

export interface Bounds {
  name: string;
  sockets: 1 | 2;
  /** Turns that somebody has yet to see, or that run; those that all have seen are forgotten and not counted. */
  turns: number;
  /** Events of the agent in one turn. */
  agentEvents: number;
  agentActs: readonly AgentAct[];
  endings: readonly Ending[];
  /** Texts that wait at once. */
  queuedTexts: number;
  storeMayFail: boolean;
  /** A client may watch, and ask for turns. */
  hasConversation: boolean;
  hasSurface: boolean;
  /** The provider may throw, or not answer in time. */
  surfaceMayFail: boolean;
  /** Times that one viewer asks for the surface again before it has got it. */
  surfaceRequests: number;
  /** Broadcasts under way at once. */
  broadcasts: 0 | 1;
  /** Clients that have stopped reading, at once. */
  stalledAtOnce: 0 | 1 | 2;
  /** Writes without an ack that make a socket congested. */
  unreadWrites: number;
  closings: readonly Closing[];
  /** A new client may come in the place of one that has gone. */
  mayComeAgain: boolean;
  /** Events in one slice of a catching-up cursor. */
  eventsPerSlice: number;
  /** A walk over sockets or viewers is a step for each of them; else one for all. */
  slicedWalks: boolean;
  /** Facts that may be under way when anything but their delivery happens. */
  signalsUnderWay: number;
  /** Facts that change nothing but a word in a chart (first and last of something counted) travel like the others. */
  countsTravel: boolean;
}
