// Reads what a player's client has received, and waits until that is what the model expects. It must never return
// before that, and never wait without a deadline.
import type { Client } from "../../support/client.ts";
import { within } from "../../support/deadline.ts";
import { soonMs } from "./soon.ts";

/** Waits until `look`, which reads what the client has received, returns the expected value. */
export async function comes(client: Client, look: () => unknown, expected: unknown, what: string): Promise<void> {
  const wanted = JSON.stringify(expected);
  const sees = (): boolean => JSON.stringify(look()) === wanted;
  const story = (): string => `${what}:\n  expected ${wanted}\n  there is ${JSON.stringify(look())}`;
  const until = async (): Promise<void> => {
    while (!sees()) await client.nextAny();
  };
  await within(until(), story, soonMs);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

interface Spec {
  fields: Record<string, unknown>[];
}

export const isSpec = (value: unknown, surfaceId: string): value is Spec =>
  isRecord(value) && value["id"] === surfaceId && Array.isArray(value["fields"]) && value["fields"].every(isRecord);

/** The fields of the newest spec that the client has received of a surface. */
export function surfaceSeenBy(client: Client, surfaceId: string): Record<string, unknown>[] {
  for (const { type, spec, update } of client.received.toReversed()) {
    const newest = type === "surface" ? spec : type === "update" && isRecord(update) ? update["spec"] : undefined;
    if (isSpec(newest, surfaceId)) return newest.fields;
  }
  throw new Error(`the surface ${surfaceId} has not been received`);
}

/** The queued texts that the queue surface shows. */
export function queueSeenBy(client: Client): Record<string, unknown>[] {
  const payload = surfaceSeenBy(client, "message-queue")[0]?.["payload"];
  const messages = isRecord(payload) ? payload["messages"] : undefined;
  if (!Array.isArray(messages) || !messages.every(isRecord)) throw new Error("the queue surface shows no messages");
  return messages;
}
