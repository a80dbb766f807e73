// A thread of its own for the Stately inspector: the relay, and the official inspector that feeds it. Apart, because
// one bad frame of a page ends whatever the relay runs in (@statelyai/inspect 0.7.2 hears no socket's errors). Must
// never know more of the server than the records it is handed.
import { randomUUID } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { createInspector, type StatelyInspectionEvent } from "@statelyai/inspect";
import { sleep, systemTime } from "../../runtime/clock.ts";
import { hostAndPort } from "../../runtime/listen.ts";
import type { FromRelay, RelayOptions, StatelyRecord, ToRelay } from "./records.ts";
import { openRelay, type Relay } from "./relay.ts";

const { host, port: wantedPort, rootId, viewerBytesMax }: RelayOptions = workerData;
/** Bytes on their way to the relay above which no more are taken. */
const feedBytesMax = 1024 * 1024;
const roomPauseMs = 10;
/** Nesting of a definition or a context that is told; our deepest chart has 10 levels. */
const depthMax = 32;

const charts = new Map<string, unknown>();
const feedPath = `/feed/${randomUUID()}`;
/** Time of what is being told. */
let toldAt = 0;

const say = (message: FromRelay): void => parentPort?.postMessage(message);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function giveUp(error: unknown): never {
  say({ kind: "failed", message: messageOf(error) });
  process.exit(1);
}

async function open(): Promise<{ relay: Relay; feed: WebSocket }> {
  const viewerCame = (): void => say({ kind: "viewer" });
  const relay = await openRelay({ host, port: wantedPort, feedPath, viewerCame });
  const feed = new WebSocket(`ws://${hostAndPort(host, relay.port)}${feedPath}`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  feed.addEventListener("open", () => resolve());
  feed.addEventListener("close", () => reject(new Error("its own relay does not take what it is told")));
  await promise;
  feed.addEventListener("close", () => giveUp(new Error("its relay has closed the feed")));
  return { relay, feed };
}

const { relay, feed } = await open().catch(giveUp);

const inspector = createInspector(
  { send: (event) => feed.send(JSON.stringify(event)) },
  {
    serializationDepthLimit: depthMax,
    // The inspector's own calls know neither the root nor when it was (0.7.2 writes "anonymous").
    serialize: (event): StatelyInspectionEvent => ({ ...event, rootId, createdAt: String(Math.trunc(toldAt)) }),
  },
);

function tell(record: StatelyRecord): void {
  if (record.kind === "chart") {
    charts.set(record.chart, record.definition);
    return;
  }
  toldAt = record.at;
  if (record.kind === "actor") {
    const { actorId: sessionId, parentId, chart, snapshot } = record;
    const reference = (id: string) => ({ sessionId: id, send: () => {}, getSnapshot: () => snapshot });
    const parent = parentId === undefined ? {} : { _parent: reference(parentId) };
    const actor = { ...reference(sessionId), ...parent, logic: { config: charts.get(chart) } };
    inspector.actor(actor, snapshot);
  } else if (record.kind === "event") {
    const source = record.senderId;
    inspector.event(record.actorId, record.event, source === undefined ? {} : { source });
  } else inspector.snapshot(record.actorId, record.snapshot, { event: record.event });
}

async function take(records: StatelyRecord[]): Promise<void> {
  for (const record of records) tell(record);
  while (feed.bufferedAmount > feedBytesMax) await sleep(systemTime, roomPauseMs);
  const cut = relay.cutSlow(viewerBytesMax);
  if (cut > 0) say({ kind: "trouble", message: "a page that did not read what it was sent was cut off" });
  say({ kind: "taken", records: records.length });
}

parentPort?.on("message", (message: ToRelay) => {
  if (message.kind === "stop") process.exit(0);
  take(message.records).catch(giveUp);
});

// A page that breaks the WebSocket protocol is gone by the time its error comes here; the others go on.
process.on("uncaughtException", (error) => say({ kind: "trouble", message: messageOf(error) }));

say({ kind: "open", port: relay.port });
