// Turns as the system tests order and read them: scripts for demo/script, the text they must give, and the order of
// what came, whichever way neighbouring deltas were joined.
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

/** The text that a script of so many tokens gives. */
export const scriptText = (tokens: number, size = 0): string =>
  Array.from({ length: tokens }, (_, index) => scriptDelta("w", index, size)).join("");

/** The types of these events in order; neighbouring deltas of one kind count once, because they may come joined. */
export function outlineOf(events: readonly DeltaEvent[]): string[] {
  const types = events.map(({ type }) => type);
  return types.filter((type, at) => !(type.endsWith("-delta") && types[at - 1] === type));
}

/** Waits until the conversation's running turn is sealed for this client, and gives that turn. */
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
