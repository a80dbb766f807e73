// The Stately inspector's thread: the relay, and the official inspector that feeds it. They have their own thread
// because one bad frame of a page ends the process that the relay runs in (@statelyai/inspect 0.7.2 has no error
// listeners on its sockets). Must never know more of the server than the records it receives.
import { randomUUID } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { createInspector, type StatelyInspectionEvent } from "@statelyai/inspect";
import { sleep, systemTime } from "../../runtime/clock.ts";
import { hostAndPort } from "../../runtime/listen.ts";
import type { FromRelay, RelayOptions, StatelyRecord, ToRelay } from "./records.ts";
import { openRelay, type Relay } from "./relay.ts";

const { host, port: wantedPort, rootId, viewerBytesMax }: RelayOptions = workerData;
/** While more bytes than that are on their way to the relay, no records are taken. */
const feedBytesMax = 1024 * 1024;
const retryPauseMs = 10;
/** Levels of a definition or context that are sent; our deepest chart has 10. */
const depthMax = 32;

const charts = new Map<string, unknown>();
const feedPath = `/feed/${randomUUID()}`;
/** Time of the record being sent. */
let recordAt = 0;

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
  feed.addEventListener("close", () => reject(new Error("its relay does not accept the feed")));
  await promise;
  feed.addEventListener("close", () => giveUp(new Error("its relay has closed the feed")));
  return { relay, feed };
}

const { relay, feed } = await open().catch(giveUp);

const inspector = createInspector(
  { send: (event) => feed.send(JSON.stringify(event)) },
  {
    serializationDepthLimit: depthMax,
    // The inspector's own calls set neither the root id nor the time (0.7.2 writes "anonymous").
    serialize: (event): StatelyInspectionEvent => ({ ...event, rootId, createdAt: String(Math.trunc(recordAt)) }),
  },
);

function send(record: StatelyRecord): void {
  if (record.kind === "chart") {
    charts.set(record.chart, record.definition);
    return;
  }
  recordAt = record.at;
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
  for (const record of records) send(record);
  while (feed.bufferedAmount > feedBytesMax) await sleep(systemTime, retryPauseMs);
  const cut = relay.cutSlow(viewerBytesMax);
  if (cut > 0) say({ kind: "trouble", message: "a page that read too slowly was cut off" });
  say({ kind: "taken", records: records.length });
}

parentPort?.on("message", (message: ToRelay) => {
  if (message.kind === "stop") process.exit(0);
  take(message.records).catch(giveUp);
});

// A page that breaks the WebSocket protocol is disconnected by the time its error gets here. The others stay.
process.on("uncaughtException", (error) => say({ kind: "trouble", message: messageOf(error) }));

say({ kind: "open", port: relay.port });
