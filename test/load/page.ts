// The visualizer's page in a real browser beside 10,000 sockets. It shows a socket that is never silent. Its memory
// must stay flat once its log is full, and it must still respond to a person.
import type { Page } from "playwright-core";
import { startBrowser } from "../support/chromium.ts";
import { findChromium } from "../support/find-chromium.ts";
import { Operator } from "../support/inspect-person.ts";
import { ServerProcess } from "./server-process.ts";
import { median, type Table } from "./table.ts";

const sockets = 10_000;
/** Events per second of the watched socket. After 2,000 events, the page's log is full. */
const eventsPerSecond = 100;
const filledMs = 30_000;
const laterMs = 60_000;
const searches = 9;

export async function page(table: Table): Promise<void> {
  const executable = findChromium();
  if (executable === undefined) {
    table.note("the visualizer's page", "left out: there is no Chromium here (CHROMIUM names one)");
    return;
  }
  const server = await ServerProcess.start();
  const peers = await server.open(sockets);
  const [talking] = await server.openWatchers(1, "talking");
  const browser = await startBrowser(executable);
  const chatter = setInterval(() => talking?.send({ type: "ping" }), 1_000 / eventsPerSecond);
  try {
    const answer = await fetch(`${server.httpUrl}/inspect/actors?state=connection.open.subscription.some`);
    const id = ((await answer.json()) as { actors: { id: string }[] }).actors[0]?.id;
    if (id === undefined) throw new Error("the talking socket is not in the directory");
    const shown = await browser.open(`${server.httpUrl}/inspect`);
    const operator = await new Operator(shown).isLive();
    await search(shown, id, "1 found.");
    await operator.picks(id);
    await pause(filledMs);
    const full = await heapBytes(shown);
    const before = await server.figures();
    await pause(laterMs);
    const after = await server.figures();
    const later = await heapBytes(shown);
    const growth = later / full;
    table.row(
      `the visualizer's page beside ${sockets} sockets: its heap a minute after its log was full`,
      `${(later / 2 ** 20).toFixed(1)} MiB, × ${growth.toFixed(2)}`,
      "× 1.2",
      growth < 1.2,
    );
    const cpu = (after.cpuMs - before.cpuMs) / laterMs;
    table.note("… CPU of the server meanwhile, the page's questions and its stream", `${(cpu * 100).toFixed(1)} %`);
    const times: number[] = [];
    for (let round = 0; round < searches; round++) {
      await search(shown, "a name that nobody has", "None found.");
      times.push(await search(shown, id, "1 found."));
    }
    const ms = median(times);
    table.row("… from typing an id to its row, median", `${ms.toFixed(0)} ms`, "< 1,000 ms", ms < 1_000);
    const wrong = browser.defects.length;
    table.row("… errors in the page", `${wrong}`, "0", wrong === 0);
  } finally {
    clearInterval(chatter);
    await browser.close();
  }
  for (const peer of [...peers, talking]) peer?.cut();
  await server.stop();
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Types into the page's search field. Returns the milliseconds until the page shows the answer. */
async function search(shown: Page, text: string, answer: string): Promise<number> {
  const began = performance.now();
  await shown.locator('input[type="search"]').fill(text);
  await shown.locator("#found").filter({ hasText: answer }).waitFor();
  return performance.now() - began;
}

/** Bytes of the page's JavaScript heap after a garbage collection. */
async function heapBytes(shown: Page): Promise<number> {
  const session = await shown.context().newCDPSession(shown);
  await session.send("HeapProfiler.collectGarbage");
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await session.detach();
  return metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? Number.NaN;
}
