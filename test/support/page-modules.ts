// The page's modules as tests see them: plain JavaScript, so their shapes are said here. Only what needs no browser.
import type { StoredChunk } from "../../src/protocol/chunk.ts";
import type { TurnEvent, Usage } from "../../src/protocol/turn-event.ts";
import { SimulatedClock } from "./clock.ts";

export interface Block {
  kind: string;
  text?: string;
  parts?: string[];
  url?: string;
  toolCallId?: string;
  outputs?: { data: string; stream: string }[];
  result?: { content: string; isError: boolean; durationMs?: number };
}

export interface Turn {
  turnId: string | undefined;
  live: boolean;
  version: number;
  phase: "running" | "done" | "sealed";
  reason: string | undefined;
  usage: Usage | undefined;
  durationMs: number | undefined;
  prompt: Block[];
  answer: Block[];
}

export interface Transcript {
  turns: Turn[];
  firstSeq: number;
  latestSeq: number;
}

export interface Delta {
  event: TurnEvent;
  epoch: string;
  seq: number;
  fromSeq?: number;
}

interface TranscriptModule {
  createTranscript(): Transcript;
  addHistory(transcript: Transcript, page: { chunks: StoredChunk[] }): void;
  addEarlier(transcript: Transcript, page: { chunks: StoredChunk[] }): void;
  continuesHistory(transcript: Transcript, page: { chunks: StoredChunk[] }): boolean;
  forgetHistory(transcript: Transcript): void;
  addMetrics(transcript: Transcript, metrics: { turns: object[] }): void;
  showStored(transcript: Transcript, turnId: string): void;
  rejoin(transcript: Transcript): void;
  addDelta(transcript: Transcript, delta: Delta): "added" | "repeated" | "hole";
  settle(transcript: Transcript, runs: boolean): void;
  runningTurn(transcript: Transcript): Turn | undefined;
}

export interface Entry {
  text: string;
  via: "send" | "queue";
}

interface Outbox {
  entries: Entry[];
}

interface OutboxModule {
  createOutbox(): Outbox;
  addText(outbox: Outbox, text: string, via: Entry["via"]): Entry;
  seeEvent(outbox: Outbox, event: object): boolean;
  seeQueue(outbox: Outbox, messages: { id: string; text: string }[], knownIds: Set<string>): void;
  takeRefused(outbox: Outbox): Entry | undefined;
  takeLost(outbox: Outbox, candidates: Entry[], texts: string[]): Entry[];
}

interface BackoffModule {
  reconnectDelayMs(attempt: number, random: number): number;
  comesBack(code: number): boolean;
  closeMeaning(code: number, reason?: string): string;
}

interface Row {
  id: string;
  title: string | null;
  status: string;
  lastActivityAt: number;
}

interface ConversationsModule {
  createList(): { rows: Row[] };
  beginReading(list: object): void;
  finishReading(list: object, rows: object[], nowMs: number): void;
  addBroadcast(list: object, message: object, nowMs: number): boolean;
}

interface FormatModule {
  relativeTime(thenMs: number, nowMs: number): string;
  duration(ms: number): string;
  usageText(usage: Usage): string;
  endingText(reason: string | undefined): string | undefined;
  compactionText(message: { messagesSummarized: number; messagesKept: number }): string;
  titleText(title: string | null | undefined): string;
  newConversationId(source: Pick<typeof globalThis.crypto, "getRandomValues">): string;
}

interface ProseModule {
  classifyLine(line: string): { kind: string; text: string; level?: number; depth?: number; start?: number };
  parseInline(line: string): { kind: string; text: string; href?: string }[];
  closesFence(line: string): boolean;
  mayBecomeFence(line: string): boolean;
}

interface RouteModule {
  hashOf(conversationId: string): string;
  idOf(hash: string): string | undefined;
}

export interface PageClock {
  wall(): number;
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  random(): number;
}

export interface WireState {
  name: string;
  untilMs?: number;
  why?: string;
  code?: number;
}

export interface Wire {
  readonly state: WireState;
  isUp(): boolean;
  start(): Promise<void>;
  connectNow(): void;
  nudge(): void;
  send(message: object): boolean;
  barrier(): Promise<boolean>;
  stop(): void;
}

export interface WireOptions {
  clock: PageClock;
  open(protocols: string[]): object;
  protocols(lastFailed: boolean): Promise<string[]>;
  onState(state: WireState): void;
  onOpen(): void;
  onMessage(message: { type: string }): void;
  onLost(): void;
}

export interface FollowerOptions {
  api: object;
  wire: Pick<Wire, "send" | "barrier">;
  clock: PageClock;
  conversationId: string;
  onChange(): void;
  onTrouble(sentence: string | undefined): void;
  onSettled(): void;
}

/** What a chat.subscribed says. */
export interface Verdict {
  epoch: string;
  seq: number;
  turnId: string | null;
  recovered: boolean;
}

export interface Follower {
  transcript: Transcript;
  open(isNew: boolean): void;
  join(): Promise<void>;
  hear(delta: Delta): void;
  hearVerdict(verdict: Verdict): void;
  readAnew(): Promise<void>;
  readEarlier(): Promise<void>;
  close(): void;
}

export interface Surface {
  surfaceId: string;
  conversationId?: string;
  spec?: object;
  error?: string;
}

export interface Surfaces {
  watched(): Surface[];
  keysFor(surfaceIds: string[], conversationId: string | undefined): Surface[];
  want(keys: Surface[]): void;
  rejoin(): void;
  hear(message: object): boolean;
  invoke(surface: Surface, actionId: string, payload: unknown): void;
}

export interface Settings {
  open(conversationId: string, isNew: boolean): void;
  read(): Promise<void>;
  shown(): { model: string | null; effort: string | null };
  chooseModel(model: string): Promise<void>;
  chooseEffort(effort: string | null): Promise<void>;
  carried(): { model?: string; reasoningEffort?: string };
  created(): void;
}

export interface Chat {
  transcript: Transcript;
  isNew(): boolean;
  isRunning(): boolean;
  isStoppable(): boolean;
  isQueueHeld(): boolean;
  waiting(via: Entry["via"]): Entry[];
  open(): void;
  send(text: string): void;
  stop(): void;
  withdraw(messageId: string): void;
  rejoin(): Promise<void>;
  lost(): void;
  hearDelta(delta: Delta): void;
  hearQueue(spec: object): void;
  hearRefusal(sentence: string): void;
}

export interface ChatOptions {
  api: object;
  wire: Pick<Wire, "send" | "barrier">;
  clock: PageClock;
  conversationId: string;
  isNew: boolean;
  settings: Pick<Settings, "carried" | "created">;
  statusOf(conversationId: string): string | undefined;
  on: {
    changed(): void;
    trouble(sentence: string | undefined): void;
    returned(text: string, why: string): void;
    created(): void;
    showsQueue(): boolean;
  };
}

const load = (name: string) => import(new URL(`../../src/page/${name}.js`, import.meta.url).href);

export const transcriptModule: TranscriptModule = await load("transcript");
export const outboxModule: OutboxModule = await load("outbox");
export const backoffModule: BackoffModule = await load("backoff");
export const conversationsModule: ConversationsModule = await load("conversations");
export const formatModule: FormatModule = await load("format");
export const proseModule: ProseModule = await load("prose");
export const routeModule: RouteModule = await load("route");
export const { createWire }: { createWire(options: WireOptions): Wire } = await load("wire");
export const { createFollower }: { createFollower(options: FollowerOptions): Follower } = await load("follower");
export const { createChat }: { createChat(options: ChatOptions): Chat } = await load("chat");
export const {
  createSurfaces,
}: { createSurfaces(options: { wire: Pick<Wire, "send">; onChange(surface: Surface): void }): Surfaces } =
  await load("surfaces");
export const {
  createSettings,
}: {
  createSettings(options: { api: object; onChange(shown: object): void; onTrouble(sentence: string): void }): Settings;
} = await load("settings");

/** A simulated clock as the page takes it; chance is always the same. */
export class SimulatedPageClock extends SimulatedClock implements PageClock {
  random(): number {
    return 0.5;
  }
}
