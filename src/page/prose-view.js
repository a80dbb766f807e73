// Shows growing prose: finished lines are laid out once and never touched again, only the line being written is drawn
// anew. So a long answer costs no more per word than a short one.
import { element } from "./element.js";
import { classifyLine, closesFence, mayBecomeFence, parseInline } from "./prose.js";

/**
 * @import { Line } from "./prose.js"
 *
 * @typedef {{ kind: Line["kind"], node: HTMLElement }} OpenBlock
 *
 * @typedef {object} Draft The unfinished line as it is shown now.
 * @property {Line["kind"]} kind
 * @property {number | undefined} depth
 * @property {HTMLElement | undefined} node
 * @property {{ block: OpenBlock | undefined, count: number, inner: number }} before What it was put after.
 * @property {Text | undefined} long What came of it after it was too long to be formatted.
 */

/** A line longer than this is shown as it is: finding what stands in it again for every word would cost too much. */
const formattedCharactersMax = 2_000;

const headings = /** @type {const} */ (["h3", "h4", "h5", "h6"]);
const blocks = /** @type {const} */ ({ table: "pre", quote: "blockquote", text: "p" });
const marks = /** @type {const} */ ({ code: "code", strong: "strong", emphasis: "em" });

/**
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function inlineNodes(text) {
  if (text.length > formattedCharactersMax) return [text];
  return parseInline(text).map((part) => {
    if (part.kind === "text") return part.text;
    if (part.kind !== "link") return element(marks[part.kind], {}, part.text);
    return element("a", { href: part.href, target: "_blank", rel: "noopener noreferrer" }, part.text);
  });
}

/** @param {HTMLElement} root */
export function createProse(root) {
  /**
   * What the next line may continue.
   * @type {OpenBlock | undefined}
   */
  let block;
  /**
   * The code block that is being written.
   * @type {{ text: Text, isLineShown: boolean } | undefined}
   */
  let code;
  /** The unfinished line. */
  let line = "";
  /** @type {Draft | undefined} */
  let draft;

  /**
   * @template {HTMLElement} Kind
   * @param {OpenBlock["kind"]} kind
   * @param {Kind} node
   */
  const openBlock = (kind, node) => {
    root.append(node);
    block = { kind, node };
    return node;
  };

  /**
   * Puts a line in its place; returns the node that holds its text.
   * @param {Line} shown
   */
  function place(shown) {
    const { kind } = shown;
    switch (kind) {
      case "heading":
        return openBlock(kind, element(headings[Math.min(shown.level, headings.length) - 1] ?? "h6"));
      case "rule":
        return openBlock(kind, element("hr"));
      case "bullet":
      case "number": {
        const start = kind === "number" ? String(shown.start) : undefined;
        const list =
          block?.kind === kind ? block.node : openBlock(kind, element(kind === "bullet" ? "ul" : "ol", { start }));
        const item = element("li", { class: shown.depth > 0 && `depth-${shown.depth}` });
        list.append(item);
        return item;
      }
      case "table":
      case "quote":
      case "text": {
        const span = element("span");
        if (block?.kind === kind) block.node.append("\n", span);
        else openBlock(kind, element(blocks[kind], { class: kind })).append(span);
        return span;
      }
    }
    return undefined;
  }

  /** Shows the unfinished line as what it looks like so far. */
  function drawDraft() {
    if (mayBecomeFence(line)) return;
    const seen = classifyLine(line);
    const depth = "depth" in seen ? seen.depth : undefined;
    if (draft && (draft.kind !== seen.kind || draft.depth !== depth)) takeBack(draft);
    if (!draft) {
      const before = { block, count: root.childNodes.length, inner: block?.node.childNodes.length ?? 0 };
      draft = { kind: seen.kind, depth, before, node: place(seen), long: undefined };
    }
    draft.node?.replaceChildren(...inlineNodes(seen.text));
    if (line.length > formattedCharactersMax && draft.node) {
      draft.long = document.createTextNode("");
      draft.node.append(draft.long);
    }
  }

  /** @param {Draft} shown */
  function takeBack({ before: { block: before, count, inner } }) {
    while (root.childNodes.length > count) root.lastChild?.remove();
    while (before && before.node.childNodes.length > inner) before.node.lastChild?.remove();
    block = before;
    draft = undefined;
  }

  function finishLine() {
    if (code) return finishCodeLine(code);
    if (!draft?.long) {
      const seen = classifyLine(line);
      if (seen.kind === "fence" || seen.kind === "blank") {
        if (draft) takeBack(draft);
        block = undefined;
        if (seen.kind === "fence") openCode(seen.language);
      } else if (!draft) place(seen)?.append(line); // One or two back-ticks alone were held back until now.
    }
    draft = undefined;
  }

  /** @param {string} language */
  function openCode(language) {
    const text = document.createTextNode("");
    const inner = element("code", {}, text);
    root.append(element("pre", { class: "code", tabindex: "0", "data-language": language || undefined }, inner));
    code = { text, isLineShown: false };
  }

  /** @param {NonNullable<typeof code>} open */
  function finishCodeLine(open) {
    if (!open.isLineShown && closesFence(line)) {
      // The last line break belongs to the fence.
      if (open.text.data.endsWith("\n")) open.text.deleteData(open.text.length - 1, 1);
      code = undefined;
      return;
    }
    open.text.appendData(open.isLineShown ? "\n" : `${line}\n`);
    open.isLineShown = false;
  }

  /**
   * Adds text without a line break. Once it is clear how a long or code line is shown, it is not kept.
   * @param {string} part
   */
  function addToLine(part) {
    if (code?.isLineShown) return code.text.appendData(part);
    if (draft?.long) return draft.long.appendData(part);
    line += part;
    if (!code) return drawDraft();
    if (mayBecomeFence(line)) return;
    code.text.appendData(line);
    code.isLineShown = true;
  }

  return {
    /** @param {string} text the next part, wherever it begins and ends */
    append(text) {
      let start = 0;
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
        if (end > start) addToLine(text.slice(start, end));
        finishLine();
        line = "";
        start = end + 1;
      }
      if (start < text.length) addToLine(text.slice(start));
    },
    /** Nothing more comes: what was held back is shown. */
    end() {
      if (line !== "" && !code?.isLineShown) finishLine();
      line = "";
    },
  };
}
