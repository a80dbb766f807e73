// One block of a turn (turn-content.js) as DOM. A block only ever grows, and its view adds what has come since.
import { element, setText } from "./element.js";
import { duration } from "./format.js";
import { createProse } from "./prose-view.js";

/**
 * @import { Block, ToolBlock, ToolResult } from "./turn-content.js"
 *
 * @typedef {object} BlockView
 * @property {HTMLElement} node
 * @property {(isOver: boolean) => void} update Shows what was added to the block; is it all that comes?
 */

/**
 * @param {Block} block
 * @returns {BlockView}
 */
export function createBlockView(block) {
  switch (block.kind) {
    case "user":
      return still(element("div", { class: "bubble" }, block.text));
    case "steering": {
      const bubble = element("div", { class: "bubble" }, block.text);
      return still(element("div", { class: "steering" }, bubble, "Said while it was writing"));
    }
    case "system": {
      const text = element("div", { class: "plain" }, block.text);
      return still(fold("system", [element("span", {}, "What came before, summarised")], text));
    }
    case "image":
      return still(element("div", { class: "image" }, imageOf(block.url)));
    case "text":
      return textView(block.parts);
    case "reasoning":
      return reasoningView(block.parts);
    case "tool":
      return toolView(block);
    case "retry": {
      const { attempt, delayMs, message } = block;
      const text = `Try ${attempt + 1} failed (${message}). Next try after ${duration(delayMs)}.`;
      return still(element("p", { class: "note" }, text));
    }
    case "error": {
      const code = block.code ? ` (${block.code})` : "";
      return still(element("p", { class: "error" }, element("strong", {}, "The turn failed. "), block.message, code));
    }
  }
}

/**
 * A block that never changes.
 * @param {HTMLElement} node
 * @returns {BlockView}
 */
const still = (node) => ({ node, update() {} });

/**
 * Gives the function that takes the parts which were not shown yet, as one text.
 * @param {readonly string[]} parts
 */
function takerOf(parts) {
  let count = 0;
  return () => {
    const text = count === parts.length ? "" : parts.slice(count).join("");
    count = parts.length;
    return text;
  };
}

/** @param {string} url */
function imageOf(url) {
  const href = /^https?:/.test(url) ? url : undefined;
  const shown = url.startsWith("data:image/") ? element("img", { src: url, alt: "Image" }) : url;
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, shown);
}

/**
 * @param {readonly string[]} parts
 * @returns {BlockView}
 */
function textView(parts) {
  const node = element("div", { class: "prose" });
  const prose = createProse(node);
  const take = takerOf(parts);
  let hasEnded = false;
  return {
    node,
    update(isOver) {
      const text = take();
      if (text !== "") prose.append(text);
      if (isOver && !hasEnded) prose.end();
      hasEnded ||= isOver;
    },
  };
}

/**
 * @param {readonly string[]} parts
 * @returns {BlockView}
 */
function reasoningView(parts) {
  const label = element("span");
  const body = document.createTextNode("");
  const node = fold("reasoning", [label], element("div", { class: "plain" }, body));
  const take = takerOf(parts);
  return {
    node,
    update(isOver) {
      const text = take();
      if (text !== "") body.appendData(text);
      setText(label, isOver ? "Thought about it" : "Thinking…");
      node.classList.toggle("is-running", !isOver);
    },
  };
}

/**
 * @param {ToolBlock} block
 * @returns {BlockView}
 */
function toolView(block) {
  const { toolName, input, outputs } = block;
  const state = element("span", { class: "tool-state" });
  const body = element("div", { class: "tool-body" });
  const node = fold("tool", [element("span", { class: "tool-name" }, toolName), state], body);
  if (input !== undefined)
    addSection(body, "Input", typeof input === "string" ? input : JSON.stringify(input, null, 2));
  /** @type {HTMLElement | undefined} */
  let output;
  let outputCount = 0;
  let hasResult = false;
  return {
    node,
    update(isOver) {
      for (const { data, stream } of outputs.slice(outputCount)) {
        output ??= addSection(body, "Output", "");
        output.append(stream === "stderr" ? element("span", { class: "stderr" }, data) : data);
      }
      outputCount = outputs.length;
      const { result } = block;
      if (result && !hasResult) {
        hasResult = true;
        addSection(body, result.isError ? "Error" : "Result", result.content);
      }
      setText(state, toolState(result, isOver));
      node.classList.toggle("has-failed", result?.isError === true);
      node.classList.toggle("is-running", !result && !isOver);
    },
  };
}

/**
 * @param {ToolResult | undefined} result
 * @param {boolean} isOver
 */
function toolState(result, isOver) {
  if (!result) return isOver ? "" : "running…";
  const took = result.durationMs === undefined ? "" : ` · ${duration(result.durationMs)}`;
  return (result.isError ? "failed" : "done") + took;
}

/**
 * @param {string} name
 * @param {readonly HTMLElement[]} summary
 * @param {HTMLElement} body
 */
function fold(name, summary, body) {
  return element("details", { class: `fold ${name}` }, element("summary", {}, ...summary), body);
}

/**
 * @param {HTMLElement} body
 * @param {string} label
 * @param {string} text
 */
function addSection(body, label, text) {
  const pre = element("pre", { tabindex: "0" }, text);
  body.append(element("h3", {}, label), pre);
  return pre;
}
