// Stands in for the page of the Stately inspector: collects the messages sent to it and answers a test's questions
// about them. Every message passes through JSON first, so that a test sees only what could be sent.

import type { Payloads } from "../../src/diagnostics/inspection/answers.ts";
import type { InspectionFilter } from "../../src/diagnostics/inspection.ts";
import { tellStately } from "../../src/diagnostics/stately.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { Limits } from "../../src/limits.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { isRecord } from "./client/transcript.ts";
import { eventually } from "./deadline.ts";
import { limits } from "./limits.ts";
import { systemClock } from "./system-clock.ts";

/** A message in the format of @statelyai/inspect. */
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

/** The snapshot in a message; throws when there is none. */
export function snapshotOf(shown: Shown | undefined): SnapshotShown {
  const snapshot = shown?.["snapshot"];
  if (!isSnapshot(snapshot)) throw new Error(`no snapshot: ${JSON.stringify(shown)}`);
  return snapshot;
}

/** The machine definition in an actor's message. */
export function definitionOf(shown: Shown | undefined): Record<string, unknown> {
  const definition: unknown = JSON.parse(String(shown?.["definition"]));
  if (!isRecord(definition)) throw new Error(`no definition: ${JSON.stringify(shown)}`);
  return definition;
}

export class StatelyPage {
  readonly shown: Shown[] = [];
  /** Whether the inspection has reported that it cannot continue. */
  hasFailed = false;
  /** All messages as text, to check what they must not contain. */
  text = "";
  /** The first matching message from index `from` on; waits for it. */
  async until(fits: (shown: Shown) => boolean, what: string, from = 0): Promise<Shown> {
    return await eventually(
      () => this.shown.slice(from).find(fits),
      () => `${what}; the last of ${this.shown.length}: ${JSON.stringify(this.shown.slice(-5)).slice(0, 2_000)}`,
    );
  }

  /** The messages that introduce actors of a chart, in order. */
  actors(chart: string): Shown[] {
    return this.shown.filter(({ type, name }) => type === "@xstate.actor" && name === chart);
  }

  async untilActor(chart: string): Promise<Shown> {
    return await this.until(({ type, name }) => type === "@xstate.actor" && name === chart, `an actor ${chart}`);
  }

  /** The messages about one actor after its introduction: its events, and the states after them. */
  story(actorId: string): string[] {
    return this.shown
      .filter(({ sessionId, type }) => sessionId === actorId && type !== "@xstate.actor")
      .map((shown) => {
        const event = isRecord(shown["event"]) ? String(shown["event"]["type"]) : "?";
        return shown.type === "@xstate.event" ? event : `${event} → ${JSON.stringify(snapshotOf(shown).value)}`;
      });
  }

  take(text: string): void {
    this.text += text;
    const parsed: unknown = JSON.parse(text);
    if (!isShown(parsed)) throw new Error(`the page cannot read this: ${text.slice(0, 300)}`);
    this.shown.push(parsed);
  }
}

export interface StatelyOptions {
  gateway: Gateway;
  filter?: InspectionFilter;
  payloads?: Payloads;
  limits?: Partial<Limits>;
  clock?: Clock;
}

/** Runs with a page that receives the inspection's messages, and stops them at the end. */
export async function withStately(
  { gateway, filter = {}, payloads = "hidden", limits: changes, clock = systemClock }: StatelyOptions,
  run: (page: StatelyPage) => Promise<void>,
): Promise<void> {
  const { root, actors, inspection } = gateway;
  const page = new StatelyPage();
  const parts = { root, actors, inspection, payloads, clock, limits: { ...limits, ...changes } };
  const failed = (): void => {
    page.hasFailed = true;
  };
  const stop = tellStately(parts, filter, (message) => page.take(JSON.stringify(message)), failed);
  try {
    await run(page);
  } finally {
    stop();
  }
}
