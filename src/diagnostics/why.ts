// Explains the state of a conversation or a socket: its states and since when, what it waits for, its watchers and
// their lag, and its deadlines. Gives them as fields and as one sentence for a person. Only reads.
import type { TurnProgress } from "../ports/conversations.ts";
import type { ActorDetail, Deadline, Flow } from "./inspection/answers.ts";
import type { Directory } from "./inspection/directory.ts";

export interface Why {
  /** The explanation for a person. */
  sentence: string;
  /** Ids of the innermost active states. */
  states: string[];
  /** The states' descriptions in the chart. */
  descriptions: string[];
  /** The events that these states react to. */
  waitsFor: string[];
  /** Soonest first. */
  deadlines: Deadline[];
}

export interface WhyConversation extends Why {
  conversationId: string;
  turn: TurnProgress | undefined;
  /** Sockets that watch it, and how many of those are up to date. */
  watchers: number;
  watchersUpToDate: number;
  /** Clients that read its turn over HTTP. */
  readers: number;
  /** Events that the slowest socket is behind. */
  largestLag: number;
  /** Bytes held for these sockets. */
  unsentBytes: number;
}

export interface WhyConnection extends Why {
  connectionId: string;
  /** Its token's name. */
  identity: string;
  flow: Flow;
  /** The conversations that it watches; `lag` is in events. */
  watches: { conversationId: string; lag: number; live: boolean }[];
  surfaces: number;
}

export interface WhyParts {
  directory: Directory;
  /** The activity of a conversation; idle, queued or closed when it has no actor. */
  activity: (conversationId: string) => string;
  /** How many clients read a conversation over HTTP. */
  readers: (conversationId: string) => number;
}

/** Milliseconds in words, such as `75 s`. */
export function spoken(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

export function whyConversation(parts: WhyParts, conversationId: string): WhyConversation {
  const { directory, activity } = parts;
  const conversation = directory.detailOf("conversation", { conversationId });
  const turn = directory.detailOf("turn", { conversationId });
  const isRunning = turn !== undefined && conversation?.states.some((state) => state.endsWith(".generating")) === true;
  const shown = isRunning ? turn : conversation;
  const progress = shown?.turn ?? directory.progress(conversationId);
  const watching = watchersOf(parts, conversationId);
  const currentActivity = activity(conversationId);
  const sentences = [turnSentence(currentActivity, shown), endSentence(progress), watchSentence(watching)];
  return {
    conversationId,
    sentence: sentences.filter((sentence) => sentence !== "").join(" "),
    ...detailsOf(shown, currentActivity),
    turn: progress,
    ...watching,
  };
}

/** Undefined when there is no such socket. */
export function whyConnection({ directory }: WhyParts, connectionId: string): WhyConnection | undefined {
  const detail = directory.detailOf("connection", { connectionId });
  const connection = directory.connectionOf(connectionId);
  if (!detail?.flow || !connection) return undefined;
  const watches = [...connection.watches.values()].map(({ conversationId, cursor }) => ({
    conversationId,
    lag: cursor.feed.log.seq - cursor.seq,
    live: cursor.feed.live.has(cursor),
  }));
  const surfaces = connection.surfaceWatches.size;
  return {
    connectionId,
    identity: connection.identity.name,
    sentence: connectionSentence(detail.flow, watches, surfaces, soonest(detail)),
    ...detailsOf(detail, ""),
    flow: detail.flow,
    watches,
    surfaces,
  };
}

const soonest = (detail: ActorDetail | undefined): Deadline[] =>
  (detail?.waitsFor ?? []).flatMap(({ deadlines }) => deadlines).sort((one, other) => one.inMs - other.inMs);

function detailsOf(detail: ActorDetail | undefined, activity: string): Omit<Why, "sentence"> {
  if (!detail) return { states: [activity], descriptions: [], waitsFor: [], deadlines: [] };
  return {
    states: detail.states,
    descriptions: detail.waitsFor.map(({ description }) => description).filter((text) => text !== ""),
    waitsFor: [...new Set(detail.waitsFor.flatMap(({ events }) => events))],
    deadlines: soonest(detail),
  };
}

type Watching = Pick<WhyConversation, "watchers" | "watchersUpToDate" | "readers" | "largestLag" | "unsentBytes">;

function watchersOf({ directory, readers }: WhyParts, conversationId: string): Watching {
  const none = { watchers: 0, watchersUpToDate: 0, largestLag: 0, unsentBytes: 0 };
  const watching = { ...none, readers: readers(conversationId) };
  for (const connection of directory.connections()) {
    const cursor = connection.watches.get(conversationId)?.cursor;
    if (!cursor) continue;
    const lag = cursor.feed.log.seq - cursor.seq;
    watching.watchers++;
    if (lag === 0) watching.watchersUpToDate++;
    watching.largestLag = Math.max(watching.largestLag, lag);
    watching.unsentBytes += connection.writer.unsentBytes();
  }
  return watching;
}

function watchSentence({ watchers, watchersUpToDate, readers, largestLag }: Watching): string {
  const behind = watchers - watchersUpToDate;
  const lag = behind === 0 ? "" : `, ${behind} of them behind by up to ${counted(largestLag, "event", "events")}`;
  const who = [
    ...(watchers > 0 ? [`${counted(watchers, "socket", "sockets")}${lag}`] : []),
    ...(readers > 0 ? [`${counted(readers, "reader", "readers")} over HTTP`] : []),
  ];
  return who.length === 0 ? "Nobody watches it." : `It is watched by ${who.join(" and ")}.`;
}

/** Sentences for the activities without a running agent. */
const words: Readonly<Record<string, string>> = {
  idle: "Nothing goes on in this conversation.",
  queued: "No turn runs; queued texts wait for the next message.",
  closed: "It was closed; its next message opens it again.",
  opening: "A turn is about to begin.",
  recovering: "A turn that a crash left open is being ended; if that takes long, the store cannot be written.",
  sealing: "The answer is complete and is being stored; if that takes long, the store cannot be written.",
  stopping: "The turn has ended for its watchers; its agent was told to stop and has not ended yet.",
  compacting: "The older messages are being summarised.",
};

const doing: Readonly<Record<string, string>> = {
  starting: "was asked and has not answered yet",
  thinking: "is thinking",
  writing: "is writing",
  runningTools: "has called tools that are running",
  continuing: "was asked to continue",
  retrying: "could not be reached and will be asked again",
  stalled: "has given no sign of life",
};

function turnSentence(activity: string, detail: ActorDetail | undefined): string {
  const turn = detail?.turn;
  const act = doing[activity];
  if (act === undefined || !turn) return words[activity] ?? `It is ${activity}.`;
  const model = turn.model ?? "The agent";
  const since = spoken(activity === "stalled" ? (turn.saidMsAgo ?? 0) : (turn.phaseMs ?? 0));
  const said = activity === "stalled" ? "" : `, last heard ${spoken(turn.saidMsAgo ?? 0)} ago (${turn.lastEvent})`;
  const never = Number.POSITIVE_INFINITY;
  const endsInMs = Math.min(turn.endsInMs ?? never, turn.lostInMs ?? never, turn.unwatchedInMs ?? never);
  const ends = Number.isFinite(endsInMs) ? `; if it stays like this, it is aborted in ${spoken(endsInMs)}` : "";
  const waiting =
    turn.waitingTexts > 0 ? `; ${counted(turn.waitingTexts, "text waits", "texts wait")} for its end` : "";
  return `${model} ${act}, for ${since}${said}${ends}${waiting}.`;
}

/** How a turn ended, by its final state in the chart; a crash is the end of the chart, too. */
const ends: Readonly<Record<string, string>> = {
  done: "was finished",
  failed: "failed",
  outgrown: "was ended because it was too large",
  cancelled: "was cancelled",
  interrupted: "was interrupted because the server stops",
  overtime: "was ended because it ran for too long",
  lost: "was ended because its agent gave no sign of life",
  unwatched: "was ended because nobody watched it",
  crashed: "was ended by a crash of the server",
};

function endSentence(progress: TurnProgress | undefined): string {
  const last = progress?.lastEnd;
  return last ? `Its last turn ${ends[last.end] ?? last.end}, ${spoken(last.msAgo)} ago.` : "";
}

function connectionSentence(
  flow: Flow,
  watches: WhyConnection["watches"],
  surfaces: number,
  [next]: Deadline[],
): string {
  const then = next ? ` In ${spoken(next.inMs)}: ${next.what}.` : "";
  if (flow.closeCode !== undefined) return `It is being closed with ${flow.closeCode}.${then}`;
  const conversations = counted(watches.length, "conversation", "conversations");
  const what = `${conversations} and ${counted(surfaces, "surface", "surfaces")}`;
  const lag = Math.max(0, ...watches.map((watch) => watch.lag));
  const behind = lag > 0 ? `, up to ${counted(lag, "event", "events")} behind` : "";
  const { congested, outstandingBytes, outstandingBytesMax } = flow;
  const state = congested
    ? `It reads too slowly (${outstandingBytes} bytes are not acknowledged, over ${outstandingBytesMax})`
    : "It keeps up";
  return `${state}; it watches ${what}${behind}; last heard ${spoken(flow.heardMsAgo)} ago.${then}`;
}
