// What one turn consists of: the prompt (what a person said) and the answer as blocks, built alike from live events and
// from stored chunks. Text is kept as parts, never joined while it grows, so that a long answer costs no more per word
// than a short one.
//
// Blocks by kind: user, system {text} · image {url} · steering {text} · text, reasoning {parts} · tool {toolCallId,
// toolName, input, outputs: [{data, stream}], result?} · retry, error {message, …}

export function emptyContent() {
  return {
    prompt: [],
    answer: [],
    /** running, done (nothing more is written) or sealed (stored). */
    phase: "sealed",
    reason: undefined,
    usage: undefined,
    durationMs: undefined,
    contextSize: undefined,
    /** Did the turn start without its user-message (the core event profile)? */
    lacksPrompt: false,
    /** Is the last block one that the next delta of its kind continues? */
    isOpen: false,
  };
}

/** Adds one turn event (protocol 1.3). Kinds that the page does not know are left out. */
export function addEvent(content, event) {
  if (content.phase === "sealed" && event.type !== "turn-sealed") content.phase = "running";
  adders[event.type]?.(content, event);
}

const adders = {
  "user-message": (content, { text }) => {
    content.prompt = [{ kind: "user", text }, ...content.prompt.filter((block) => block.kind === "image")];
  },
  "turn-start": (content) => {
    content.lacksPrompt = !content.prompt.some((block) => block.kind === "user");
  },
  "text-delta": (content, { delta }) => addText(content, "text", delta),
  "reasoning-delta": (content, { delta }) => addText(content, "reasoning", delta),
  "tool-call": (content, { toolCallId, toolName, input }) => addTool(content, toolCallId, toolName, input),
  "tool-output": (content, { toolCallId, data, stream }) => {
    findTool(content, toolCallId)?.outputs.push({ data, stream });
  },
  "tool-result": (content, { toolCallId, toolName, content: text, isError, durationMs }) => {
    const tool = findTool(content, toolCallId) ?? addTool(content, toolCallId, toolName);
    tool.result = { content: text, isError, durationMs };
  },
  "step-complete": (content) => {
    content.isOpen = false;
  },
  usage: (content, { usage }) => {
    content.usage = addUsage(content.usage, usage);
  },
  steering: (content, { text }) => addBlock(content, { kind: "steering", text }),
  "provider-retry": (content, { attempt, delayMs, message }) =>
    addBlock(content, { kind: "retry", attempt, delayMs, message }),
  error: (content, { message, code }) => addBlock(content, { kind: "error", message, code }),
  done: (content, { reason, durationMs, usage, contextSize }) => {
    Object.assign(content, { phase: "done", reason, durationMs, contextSize, isOpen: false });
    content.usage = usage ?? content.usage;
  },
  "turn-sealed": (content) => {
    content.phase = "sealed";
  },
};

/** Adds one stored chunk (protocol 3); to the list given, else where it belongs. */
export function addChunk(content, { role, chunk }, list) {
  const place = (block) => (list ? list.push(block) : addBlock(content, block));
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
      addTool(content, chunk.toolCallId, chunk.toolName, chunk.input);
      break;
    case "tool-result":
      adders["tool-result"](content, chunk);
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

function addBlock(content, block) {
  content.answer.push(block);
  content.isOpen = false;
  return block;
}

function addText(content, kind, delta) {
  const last = content.answer.at(-1);
  if (content.isOpen && last.kind === kind) last.parts.push(delta);
  else addBlock(content, { kind, parts: [delta] });
  content.isOpen = true;
}

function addTool(content, toolCallId, toolName, input) {
  return addBlock(content, { kind: "tool", toolCallId, toolName, input, outputs: [], result: undefined });
}

const findTool = (content, toolCallId) =>
  content.answer.findLast((block) => block.kind === "tool" && block.toolCallId === toolCallId);

function addUsage(sum, usage) {
  if (!sum) return { ...usage };
  const total = { ...sum };
  for (const [name, tokens] of Object.entries(usage)) total[name] = (total[name] ?? 0) + tokens;
  return total;
}
