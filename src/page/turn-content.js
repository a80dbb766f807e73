// What one turn consists of: the prompt (what a person said) and the answer as blocks, built alike from live events and
// from stored chunks. Text is kept as parts, never joined while it grows, so that a long answer costs no more per word
// than a short one.

/**
 * @import { StoredChunk } from "../protocol/chunk.ts"
 * @import { TurnEvent, Usage } from "../protocol/turn-event.ts"
 *
 * @typedef {object} ToolBlock
 * @property {"tool"} kind
 * @property {string} toolCallId
 * @property {string} toolName
 * @property {unknown} input
 * @property {{ data: string, stream: string }[]} outputs
 * @property {ToolResult | undefined} result
 *
 * @typedef {{ content: string, isError: boolean, durationMs?: number | undefined }} ToolResult
 *
 * @typedef {{ kind: "user" | "system" | "steering", text: string }
 *   | { kind: "image", url: string }
 *   | { kind: "text" | "reasoning", parts: string[] }
 *   | ToolBlock
 *   | { kind: "retry", attempt: number, delayMs: number, message: string }
 *   | { kind: "error", message: string, code: string | undefined }} Block
 *
 * @typedef {object} Content
 * @property {Block[]} prompt
 * @property {Block[]} answer
 * @property {"running" | "done" | "sealed"} phase "done": nothing more is written; "sealed": it is stored.
 * @property {string | undefined} reason
 * @property {Usage | undefined} usage
 * @property {number | undefined} durationMs
 * @property {boolean} lacksPrompt Did the turn start without its user-message (the core event profile)?
 * @property {boolean} isOpen Is the last block one that the next delta of its kind continues?
 */

/** @returns {Content} */
export function emptyContent() {
  return {
    prompt: [],
    answer: [],
    phase: "sealed",
    reason: undefined,
    usage: undefined,
    durationMs: undefined,
    lacksPrompt: false,
    isOpen: false,
  };
}

/**
 * Adds one turn event (protocol 1.3). Kinds that the page does not know are left out.
 * @param {Content} content
 * @param {TurnEvent} event
 */
export function addEvent(content, event) {
  if (content.phase === "sealed" && event.type !== "turn-sealed") content.phase = "running";
  switch (event.type) {
    case "user-message": {
      const images = content.prompt.filter((block) => block.kind === "image");
      content.prompt = [{ kind: "user", text: event.text }, ...images];
      break;
    }
    case "turn-start":
      content.lacksPrompt = !content.prompt.some((block) => block.kind === "user");
      break;
    case "text-delta":
      addText(content, "text", event.delta);
      break;
    case "reasoning-delta":
      addText(content, "reasoning", event.delta);
      break;
    case "tool-call":
      addTool(content, event);
      break;
    case "tool-output":
      findTool(content, event.toolCallId)?.outputs.push({ data: event.data, stream: event.stream });
      break;
    case "tool-result":
      addResult(content, event);
      break;
    case "step-complete":
      content.isOpen = false;
      break;
    case "usage":
      content.usage = addUsage(content.usage, event.usage);
      break;
    case "steering":
      addBlock(content, { kind: "steering", text: event.text });
      break;
    case "provider-retry": {
      const { attempt, delayMs, message } = event;
      addBlock(content, { kind: "retry", attempt, delayMs, message });
      break;
    }
    case "error":
      addBlock(content, { kind: "error", message: event.message, code: event.code });
      break;
    case "done":
      content.phase = "done";
      content.reason = event.reason;
      content.durationMs = event.durationMs;
      content.usage = event.usage ?? content.usage;
      content.isOpen = false;
      break;
    case "turn-sealed":
      content.phase = "sealed";
      break;
  }
}

/**
 * Adds one stored chunk (protocol 3); to the list given, else where it belongs.
 * @param {Content} content
 * @param {StoredChunk} stored
 * @param {Block[]} [list]
 */
export function addChunk(content, { role, chunk }, list) {
  /** @param {Block} block */
  const place = (block) => (list ?? content.answer).push(block);
  switch (chunk.type) {
    case "text":
      if (role === "user" && (list || content.answer.length === 0))
        content.prompt.push({ kind: "user", text: chunk.text });
      else if (role === "user") place({ kind: "steering", text: chunk.text });
      else if (role === "system") place({ kind: "system", text: chunk.text });
      else place({ kind: "text", parts: [chunk.text] });
      break;
    case "image":
      if (role === "user") content.prompt.push({ kind: "image", url: chunk.url });
      else place({ kind: "image", url: chunk.url });
      break;
    case "thinking":
      place({ kind: "reasoning", parts: [chunk.text] });
      break;
    case "tool-call":
      addTool(content, chunk);
      break;
    case "tool-result":
      addResult(content, chunk);
      break;
    case "system":
      place({ kind: "system", text: chunk.text });
      break;
    case "error":
      place({ kind: "error", message: chunk.message, code: chunk.code });
      break;
  }
  content.isOpen = false;
}

/**
 * @template {Block} Kind
 * @param {Content} content
 * @param {Kind} block
 */
function addBlock(content, block) {
  content.answer.push(block);
  content.isOpen = false;
  return block;
}

/**
 * @param {Content} content
 * @param {"text" | "reasoning"} kind
 * @param {string} delta
 */
function addText(content, kind, delta) {
  const last = content.answer.at(-1);
  if (content.isOpen && last?.kind === kind) last.parts.push(delta);
  else addBlock(content, { kind, parts: [delta] });
  content.isOpen = true;
}

/**
 * @param {Content} content
 * @param {{ toolCallId: string, toolName: string, input?: unknown }} call
 */
function addTool(content, { toolCallId, toolName, input }) {
  /** @type {ToolBlock} */
  const block = { kind: "tool", toolCallId, toolName, input, outputs: [], result: undefined };
  return addBlock(content, block);
}

/**
 * @param {Content} content
 * @param {ToolResult & { toolCallId: string, toolName: string }} event
 */
function addResult(content, { toolCallId, toolName, content: text, isError, durationMs }) {
  const tool = findTool(content, toolCallId) ?? addTool(content, { toolCallId, toolName });
  tool.result = { content: text, isError, durationMs };
}

/**
 * @param {Content} content
 * @param {string} toolCallId
 */
function findTool(content, toolCallId) {
  const found = content.answer.findLast((block) => block.kind === "tool" && block.toolCallId === toolCallId);
  return found?.kind === "tool" ? found : undefined;
}

/** @type {(keyof Usage)[]} */
const usageFields = ["inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens"];

/**
 * @param {Usage | undefined} sum
 * @param {Usage} usage
 */
function addUsage(sum, usage) {
  if (!sum) return { ...usage };
  const total = { ...sum };
  for (const name of usageFields) {
    const tokens = usage[name];
    if (tokens !== undefined) total[name] = (total[name] ?? 0) + tokens;
  }
  return total;
}
