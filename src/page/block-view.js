// One block of a turn (turn-content.js) as DOM: {node, update(block, isOver)}. update adds what has come since; isOver
// says that no more will.
import { element, setText } from "./element.js";
import { duration } from "./format.js";
import { createProse } from "./prose-view.js";

const still = (node) => ({ node, update() {} });

/** The parts that were not shown yet, as one text. */
function createUnshown() {
  let count = 0;
  return (parts) => {
    const text = count === parts.length ? "" : parts.slice(count).join("");
    count = parts.length;
    return text;
  };
}

const makers = {
  user: ({ text }) => still(element("div", { class: "bubble" }, text)),

  steering: ({ text }) =>
    still(
      element("div", { class: "steering" }, element("div", { class: "bubble" }, text), "Said while it was writing"),
    ),

  system: ({ text }) =>
    still(
      fold("system", [element("span", {}, "What came before, summarised")], element("div", { class: "plain" }, text)),
    ),

  image: ({ url }) => {
    const isInline = url.startsWith("data:image/");
    const link = element("a", {
      href: /^https?:/.test(url) ? url : undefined,
      target: "_blank",
      rel: "noopener noreferrer",
    });
    link.append(isInline ? element("img", { src: url, alt: "Image" }) : url);
    return still(element("div", { class: "image" }, link));
  },

  text: () => {
    const node = element("div", { class: "prose" });
    const prose = createProse(node);
    const unshown = createUnshown();
    let hasEnded = false;
    return {
      node,
      update({ parts }, isOver) {
        const text = unshown(parts);
        if (text !== "") prose.append(text);
        if (isOver && !hasEnded) prose.end();
        hasEnded ||= isOver;
      },
    };
  },

  reasoning: () => {
    const label = element("span");
    const body = document.createTextNode("");
    const node = fold("reasoning", [label], element("div", { class: "plain" }, body));
    const unshown = createUnshown();
    return {
      node,
      update({ parts }, isOver) {
        const text = unshown(parts);
        if (text !== "") body.appendData(text);
        setText(label, isOver ? "Thought about it" : "Thinking…");
        node.classList.toggle("is-running", !isOver);
      },
    };
  },

  tool: ({ toolName, input }) => {
    const state = element("span", { class: "tool-state" });
    const body = element("div", { class: "tool-body" });
    const node = fold("tool", [element("span", { class: "tool-name" }, toolName), state], body);
    if (input !== undefined)
      addSection(body, "Input", typeof input === "string" ? input : JSON.stringify(input, null, 2));
    let output;
    let outputCount = 0;
    let hasResult = false;
    return {
      node,
      update({ outputs, result }, isOver) {
        for (; outputCount < outputs.length; outputCount++) {
          const { data, stream } = outputs[outputCount];
          output ??= addSection(body, "Output", "");
          output.append(stream === "stderr" ? element("span", { class: "stderr" }, data) : data);
        }
        if (result && !hasResult) {
          hasResult = true;
          addSection(body, result.isError ? "Error" : "Result", result.content);
        }
        setText(state, toolState(result, isOver));
        node.classList.toggle("has-failed", result?.isError === true);
        node.classList.toggle("is-running", !result && !isOver);
      },
    };
  },

  retry: ({ attempt, delayMs, message }) =>
    still(
      element("p", { class: "note" }, `Try ${attempt + 1} failed (${message}). Next try after ${duration(delayMs)}.`),
    ),

  error: ({ message, code }) =>
    still(
      element("p", { class: "error" }, element("strong", {}, "The turn failed. "), message, code ? ` (${code})` : ""),
    ),
};

function toolState(result, isOver) {
  if (!result) return isOver ? "" : "running…";
  const took = result.durationMs === undefined ? "" : ` · ${duration(result.durationMs)}`;
  return (result.isError ? "failed" : "done") + took;
}

function fold(name, summary, body) {
  return element("details", { class: `fold ${name}` }, element("summary", {}, ...summary), body);
}

function addSection(body, label, text) {
  const pre = element("pre", { tabindex: "0" }, text);
  body.append(element("h3", {}, label), pre);
  return pre;
}

export function createBlockView(block) {
  return makers[block.kind](block);
}
