// Compaction (protocol 3): the model summarises all but the last messages, and the whole history moves to an archive.
// Must never separate a tool result from its call, and changes nothing unless all of it succeeds.
import { randomUUID } from "node:crypto";
import type { AgentMessage, AgentRun } from "../../ports/agent.ts";
import type { Compacted, NotDone } from "../../ports/conversations.ts";
import type { NewChunk } from "../../ports/store.ts";
import { sleep } from "../../runtime/clock.ts";
import { followAgent } from "./agent-stream.ts";
import type { Services } from "./context.ts";
import { callIdsIn, messagesOf, resultIdsIn, type StoredMessage } from "./messages.ts";
import type { ResolvedModel } from "./models.ts";

const nothingBefore = "This conversation was compacted when there was nothing to sum up yet: nothing came before.";

const instruction = `Sum up the conversation below, so that it can be continued from your summary alone. Keep what was
asked, what was decided and why, names, figures, file names and open questions. Write only the summary.`;

/** Aborting the controller stops it until the summary is written. @throws StoreError */
export async function compact(
  services: Services,
  conversationId: string,
  abort: AbortController,
): Promise<Compacted | NotDone> {
  const { store, models, limits } = services;
  const before = store.conversation(conversationId);
  if (!before) return { code: "not-found", message: `there is no conversation ${conversationId}` };
  const modelName = before.model ?? models.defaultModel;
  const model = models.resolve(modelName);
  if (!model) return { code: "unknown-model", message: models.unknown(modelName) };

  const messages = messagesOf<NewChunk>(store.chunks(conversationId));
  const keptFrom = firstKept(messages, limits.compactionMessagesKept);
  const older = messages.slice(0, keptFrom);
  const summary = older.length === 0 ? { text: nothingBefore } : await summarise(services, model, older, abort);
  if ("message" in summary) return summary;

  const row = store.conversation(conversationId) ?? before;
  const archiveId = randomUUID();
  const kept = messages.slice(keptFrom);
  const chunks: NewChunk[] = [
    { role: "system", chunk: { type: "system", text: summary.text } },
    ...kept.flatMap((message) =>
      message.chunks.map(({ role, chunk, turnId, messageId }): NewChunk => ({ role, chunk, turnId, messageId })),
    ),
  ];
  // The store sets compactedFrom to the archive's id.
  store.attempt([{ kind: "conversation.compacted", id: conversationId, archive: { ...row, id: archiveId }, chunks }]);
  return { newConversationId: archiveId, messagesSummarized: older.length, messagesKept: kept.length };
}

/** The index of the first message to keep: the last `count` stay, and the calls of all results among them. */
export function firstKept(messages: StoredMessage[], count: number): number {
  let first = Math.max(0, messages.length - count);
  for (let index = messages.length - 1; index >= first; index--) {
    const message = messages[index];
    if (!message) continue;
    for (const toolCallId of resultIdsIn(message)) {
      // The nearest earlier one that has this id.
      const callAt = messages.findLastIndex((earlier, at) => at < index && callIdsIn(earlier).includes(toolCallId));
      if (callAt >= 0) first = Math.min(first, callAt);
    }
  }
  return first;
}

async function summarise(
  services: Services,
  { agent, model }: ResolvedModel,
  older: StoredMessage[],
  abort: AbortController,
): Promise<{ text: string } | NotDone> {
  const { clock, limits } = services;
  const { signal } = abort;
  let text = "";
  const audience = {
    take(value: unknown): void {
      const event = services.readAgentEvent(value);
      if (event?.type === "text-delta") text += event.delta;
    },
    isListening: (): boolean => !signal.aborted && text.length <= limits.compactionSummaryCharactersMax,
  };
  const content = `${instruction}\n\n${older.map(transcriptOf).join("\n\n")}`;
  const messages: AgentMessage[] = [{ role: "user", chunks: [{ type: "text", text: content }] }];
  const run: AgentRun = {
    purpose: "summary",
    prompt: content,
    messages,
    model,
    tools: [],
    signal,
    reasoningEffort: undefined,
    cwd: undefined,
    drainSteering: () => undefined,
  };
  try {
    const following = followAgent(agent, run, audience, services);
    // An agent that does not end in time, or after the abort, is abandoned.
    const outcome = await Promise.race([following, sleep(clock, limits.compactionMs, signal)]);
    if (signal.aborted) return { code: "draining", message: "the compaction was stopped because the server stops" };
    if (!outcome) return failed(`the model did not finish the summary within ${limits.compactionMs / 1_000} seconds`);
    if (outcome.kind === "failed") return failed(outcome.failure.message);
    if (outcome.kind === "left")
      return failed(`the model's summary is longer than ${limits.compactionSummaryCharactersMax} characters`);
    return text.trim() === "" ? failed("the model wrote no summary") : { text };
  } finally {
    abort.abort();
  }
}

const failed = (reason: string): NotDone => ({ code: "internal", message: `nothing was compacted: ${reason}` });

const speakers = { system: "Summary of what came before", user: "User", assistant: "Assistant", tool: "Tools" };

/** A message as plain text, which a model accepts without the definitions of the tools that were called. */
function transcriptOf({ role, chunks }: StoredMessage): string {
  const lines = chunks.flatMap(({ chunk }) => {
    switch (chunk.type) {
      case "text":
      case "system":
        return [chunk.text];
      case "tool-call":
        return [`[called ${chunk.toolName} with ${JSON.stringify(chunk.input)}]`];
      case "tool-result":
        return [`[${chunk.toolName} ${chunk.isError ? "failed" : "gave"}: ${chunk.content}]`];
      case "image":
        return ["[an image]"];
      default:
        return [];
    }
  });
  return `${speakers[role]}: ${lines.join("\n")}`;
}
