// The Stately inspector's page as far as its relay can tell: a WebSocket that reads and says nothing, from the origin
// that a browser would name. Must never show a test anything but what came over that socket.
import { WebSocket } from "ws";
import { type StatelyInspector, type StatelyOptions, startStately } from "../../src/diagnostics/stately.ts";
import { tolerantLogger } from "../../src/ports/logger.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { isRecord } from "./client/transcript.ts";
import { eventually, within } from "./deadline.ts";
import { FakeHost } from "./host.ts";
import { limits } from "./limits.ts";
import { systemClock } from "./system-clock.ts";

/** A message of the relay, as @statelyai/inspect words it. */
export interface Shown {
  type: string;
  sessionId: string;
  [field: string]: unknown;
}

export interface SnapshotShown {
  status: string;
  value: unknown;
  context: unknown;
}

const isShown = (value: unknown): value is Shown =>
  isRecord(value) && typeof value["type"] === "string" && typeof value["sessionId"] === "string";

const isSnapshot = (value: unknown): value is SnapshotShown => isRecord(value) && typeof value["status"] === "string";

/** One that shows the right things only when it is right. */
export function snapshotOf(shown: Shown | undefined): SnapshotShown {
  const snapshot = shown?.["snapshot"];
  if (!isSnapshot(snapshot)) throw new Error(`no snapshot: ${JSON.stringify(shown)}`);
  return snapshot;
}

/** The machine definition that came with an actor. */
export function definitionOf(shown: Shown | undefined): Record<string, unknown> {
  const definition: unknown = JSON.parse(String(shown?.["definition"]));
  if (!isRecord(definition)) throw new Error(`no definition: ${JSON.stringify(shown)}`);
  return definition;
}

export class StatelyPage {
  readonly shown: Shown[] = [];
  /** All that came, as text: for what must not be in it. */
  text = "";
  readonly closed: Promise<number>;
  readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.closed = promise;
    socket.on("message", (data) => this.#take(String(data)));
    socket.on("error", () => {});
    socket.once("close", resolve);
  }

  static async open({ address, url }: StatelyInspector): Promise<StatelyPage> {
    const page = new StatelyPage(new WebSocket(address, { headers: { Origin: url }, maxPayload: 0 }));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    page.socket.once("open", resolve);
    page.socket.once("error", reject);
    await within(promise, "the page's WebSocket to open");
    return page;
  }

  /** The first message from `from` on that fits, now or when it comes. */
  async until(fits: (shown: Shown) => boolean, what: string, from = 0): Promise<Shown> {
    return await eventually(
      () => this.shown.slice(from).find(fits),
      () => `${what}; the last of ${this.shown.length}: ${JSON.stringify(this.shown.slice(-5)).slice(0, 2_000)}`,
    );
  }

  /** The actors of a chart, in the order they came. */
  actors(chart: string): Shown[] {
    return this.shown.filter(({ type, name }) => type === "@xstate.actor" && name === chart);
  }

  async untilActor(chart: string): Promise<Shown> {
    return await this.until(({ type, name }) => type === "@xstate.actor" && name === chart, `an actor ${chart}`);
  }

  /** What came of one actor after it was introduced: its events, and the states after them. */
  story(actorId: string): string[] {
    return this.shown
      .filter(({ sessionId, type }) => sessionId === actorId && type !== "@xstate.actor")
      .map((shown) => {
        const event = isRecord(shown["event"]) ? String(shown["event"]["type"]) : "?";
        return shown.type === "@xstate.event" ? event : `${event} → ${JSON.stringify(snapshotOf(shown).value)}`;
      });
  }

  #take(text: string): void {
    this.text += text;
    const parsed: unknown = JSON.parse(text);
    if (!isShown(parsed)) throw new Error(`the relay sent what the page cannot read: ${text.slice(0, 300)}`);
    this.shown.push(parsed);
  }
}

export interface Looking {
  inspector: StatelyInspector;
  /** Its log. */
  log: FakeHost;
  /** Opens one more page. */
  page(): Promise<StatelyPage>;
}

/** Runs with an inspector on a free port, and ends it. */
export async function withStately(
  options: Omit<StatelyOptions, "clock" | "limits" | "logger" | "payloads" | "filter"> &
    Partial<Pick<StatelyOptions, "limits" | "payloads" | "filter">> & { clock?: Clock },
  run: (looking: Looking) => Promise<void>,
): Promise<void> {
  const log = new FakeHost();
  const inspector = await startStately({
    ...{ filter: {}, payloads: "hidden", port: 0, clock: systemClock, limits, ...options },
    logger: tolerantLogger(log.logger),
  });
  const pages: StatelyPage[] = [];
  const page = async (): Promise<StatelyPage> => {
    const opened = await StatelyPage.open(inspector);
    pages.push(opened);
    return opened;
  };
  try {
    await run({ inspector, log, page });
  } finally {
    await within(inspector.stop(), "the Stately inspector to stop");
    for (const { socket } of pages) socket.terminate();
  }
}
