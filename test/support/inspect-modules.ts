// The inspector page's modules as tests see them: plain JavaScript, so their shapes are said here. Only what needs no
// browser.
import type { PageClock } from "./page-modules.ts";

export interface LogLine {
  type: string;
  at: number;
  states?: string[];
  event?: string;
  handled?: boolean;
  transitions?: string[];
  how?: string;
}

export interface LogEntry extends LogLine {
  number: number;
  states: string[];
  changed: string[];
}

export interface Log {
  readonly entries: LogEntry[];
  readonly dropped: number;
  readonly entriesMax: number;
  readonly isPaused: boolean;
  add(line: LogLine): LogEntry;
  shown(): LogEntry | undefined;
  behind(): number;
  pause(): void;
  resume(): void;
  step(count: number): void;
  goTo(number: number): void;
  clear(): void;
  exported(about: object): { entriesMax: number; entriesDropped: number; entries: LogEntry[] };
}

export interface Filter {
  find: string;
  chart: string;
  state: string;
  age: string;
}

interface FilterModule {
  everyone: Filter;
  ages: { value: string; label: string }[];
  change(filter: Filter, changes: Partial<Filter>): Filter;
  isEveryone(filter: Filter): boolean;
  queryOf(filter: Filter, limit: number): URLSearchParams;
}

export interface TreeRow {
  key: string;
  kind: string;
  state: string;
  depth: number;
  count: number;
  troubles: { state: string; tone: string; count: number }[];
  isChosen: boolean;
}

interface TreeModule {
  rowsOf(
    families: { kind: string; parent: string | undefined }[],
    charts: { chart: string; count: number; states: Record<string, number> }[],
    chosen: Filter,
  ): TreeRow[];
}

interface TonesModule {
  tonedStates(): string[];
  toneOf(state: string): "bad" | "warn" | undefined;
  telling(states: string[], isInitial: (state: string) => boolean): string | undefined;
}

interface FormatModule {
  number(value: number): string;
  duration(ms: number): string;
  bytes(value: number): string;
  timeOfDay(ms: number): string;
  short(id: string): string;
  stateWords(state: string): [string, string];
  eventWords(event: string): string;
  transitionParts(key: string): { source: string; event: string; branch: number };
  nameOf(actor: { id: string; chart: string; names: Record<string, string> }): string;
}

interface RouteModule {
  hashOf(id: string, startedAt: number): string;
  routeOf(hash: string): { id: string; startedAt: number | undefined } | undefined;
}

interface StreamOptions {
  open(id: string, signal: AbortSignal): Promise<{ body: ReadableStream<Uint8Array> }>;
  clock: Pick<PageClock, "setTimeout" | "clearTimeout">;
  onLine(line: LogLine): void;
  onLost(): void;
  onGone(): void;
  onTrouble(sentence: string | undefined): void;
}

interface PullOptions {
  clock: Pick<PageClock, "setTimeout" | "clearTimeout">;
  isVisible(): boolean;
  ask(round: number): Promise<void>;
  onTrouble(error: unknown): void;
}

export interface InspectApi {
  useToken(token: string, remember: boolean): void;
  overview(): Promise<object>;
  actors(query: URLSearchParams): Promise<object>;
  actor(id: string): Promise<object>;
  stream(id: string, signal: AbortSignal): Promise<Response>;
  picture(name: string): Promise<string>;
}

interface ApiOptions {
  base: URL;
  fetch: typeof fetch;
  stores: [KeptText, KeptText];
  onUnauthorised(wasRefused: boolean): void;
}

/** As much of a browser's Storage as the page uses. */
export interface KeptText {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const load = (name: string) => import(new URL(`../../visualizations/live/${name}.js`, import.meta.url).href);

export const { createLog }: { createLog(options?: { entriesMax?: number }): Log } = await load("log");
export const filterModule: FilterModule = await load("filter");
export const treeModule: TreeModule = await load("tree");
export const tonesModule: TonesModule = await load("tones");
export const inspectFormat: FormatModule = await load("format");
export const inspectRoute: RouteModule = await load("route");
export const { followActor }: { followActor(id: string, options: StreamOptions): { stop(): void } } =
  await load("stream");
export const { createPull }: { createPull(options: PullOptions): { now(): void; rest(): void } } = await load("pull");
export const { createApi: createInspectApi }: { createApi(options: ApiOptions): InspectApi } = await load("api");
