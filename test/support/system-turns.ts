// Turns for the system tests: scripts for demo/script, the text that they must produce, and the order of the received
// events, however adjacent deltas were joined.
import { scriptDelta } from "../../src/embedded/agents/demo/script.ts";
import { budgets } from "../budgets.ts";
import type { Turn } from "./client/transcript.ts";
import type { Client, DeltaEvent } from "./client.ts";

/** A chat.send to demo/script. */
export const playScript = (conversationId: string, script: Record<string, unknown>) => ({
  type: "chat.send",
  conversationId,
  model: "demo/script",
  message: JSON.stringify(script),
});

/** The text that a script with this many tokens produces. */
export const scriptText = (tokens: number, size = 0): string =>
  Array.from({ length: tokens }, (_, index) => scriptDelta("w", index, size)).join("");

/** The types of these events in order. Adjacent deltas of one type count once, because they may arrive joined. */
export function outlineOf(events: readonly DeltaEvent[]): string[] {
  const types = events.map(({ type }) => type);
  return types.filter((type, at) => !(type.endsWith("-delta") && types[at - 1] === type));
}

/** Waits until the conversation's running turn is sealed for this client, and returns that turn. */
export async function untilSealed(
  client: Client,
  conversationId: string,
  deadlineMs: number = budgets.awaitMs,
): Promise<Turn> {
  const { turnId } = await client.nextEvent(conversationId, "turn-sealed", deadlineMs);
  const turn = client.transcript(conversationId).turns.find((candidate) => candidate.turnId === turnId);
  if (!turn) throw new Error(`the turn ${turnId} is not in the transcript`);
  return turn;
}

/** The one event of this type in a turn. */
export function eventOf(turn: Pick<Turn, "events">, type: string): DeltaEvent {
  const [event, ...others] = turn.events.filter((candidate) => candidate.type === type);
  if (event === undefined || others.length > 0)
    throw new Error(`${others.length + (event ? 1 : 0)} events of type ${type}, not one`);
  return event;
}
