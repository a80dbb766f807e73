// Shows growing prose: finished lines are laid out once and never touched again, only the line being written is drawn
// anew. So a long answer costs no more per word than a short one.
import { element } from "./element.js";
import { classifyLine, closesFence, mayBecomeFence, parseInline } from "./prose.js";

/** A line longer than this is shown as it is: finding what stands in it again for every word would cost too much. */
const formattedCharactersMax = 2_000;

const tags = { code: "code", strong: "strong", emphasis: "em" };

function inlineNodes(text) {
  if (text.length > formattedCharactersMax) return [text];
  return parseInline(text).map(({ kind, text: shown, href }) => {
    if (kind === "text") return shown;
    if (kind === "link") return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, shown);
    return element(tags[kind], {}, shown);
  });
}

export function createProse(root) {
  /** What the next line may continue: {kind, node}, or undefined. */
  let block;
  /** The text node of the code block being written. */
  let code;
  /** The unfinished line, how it is shown now, and what to take back to show it differently. */
  let line = "";
  let draft;

  const openBlock = (kind, node, parent = root) => {
    parent.append(node);
    block = { kind, node };
    return node;
  };

  /** Puts a line in its place; returns the node that holds its text. */
  function place({ kind, level, depth, start }) {
    switch (kind) {
      case "heading":
        openBlock(undefined, element(`h${Math.min(6, level + 2)}`));
        return block.node;
      case "rule":
        return openBlock(undefined, element("hr"));
      case "bullet":
      case "number": {
        if (block?.kind !== kind) openBlock(kind, element(kind === "bullet" ? "ul" : "ol", { start }));
        const item = element("li", { class: depth > 0 && `depth-${depth}` });
        block.node.append(item);
        return item;
      }
      case "table":
      case "quote":
      case "text": {
        if (kind === "text" && (block?.kind === "bullet" || block?.kind === "number")) block = undefined;
        if (block?.kind === kind) block.node.append("\n");
        else openBlock(kind, element({ table: "pre", quote: "blockquote", text: "p" }[kind], { class: kind }));
        const span = element("span");
        block.node.append(span);
        return span;
      }
    }
    return undefined;
  }

  /** Shows the unfinished line as what it looks like so far. */
  function drawDraft() {
    if (mayBecomeFence(line)) return;
    const seen = classifyLine(line);
    if (draft && (draft.kind !== seen.kind || draft.depth !== seen.depth)) takeBack();
    if (!draft) {
      const before = { block, count: root.childNodes.length, inner: block?.node.childNodes.length ?? 0 };
      draft = { kind: seen.kind, depth: seen.depth, before, node: place(seen) };
    }
    draft.node?.replaceChildren(...inlineNodes(seen.text));
    if (line.length > formattedCharactersMax && draft.node) {
      draft.long = document.createTextNode("");
      draft.node.append(draft.long);
    }
  }

  function takeBack() {
    const { block: before, count, inner } = draft.before;
    while (root.childNodes.length > count) root.lastChild.remove();
    while (before && before.node.childNodes.length > inner) before.node.lastChild.remove();
    block = before;
    draft = undefined;
  }

  function finishLine() {
    if (code) return finishCodeLine();
    if (!draft?.long) {
      const seen = classifyLine(line);
      if (seen.kind === "fence" || seen.kind === "blank") {
        if (draft) takeBack();
        block = undefined;
        if (seen.kind === "fence") openCode(seen.language);
      } else if (!draft) place(seen)?.append(line); // One or two back-ticks alone were held back until now.
    }
    draft = undefined;
  }

  function openCode(language) {
    const text = document.createTextNode("");
    const inner = element("code", {}, text);
    root.append(element("pre", { class: "code", tabindex: "0", "data-language": language || undefined }, inner));
    code = { text, isLineShown: false };
  }

  function finishCodeLine() {
    if (!code.isLineShown && closesFence(line)) {
      // The last line break belongs to the fence.
      if (code.text.data.endsWith("\n")) code.text.deleteData(code.text.length - 1, 1);
      code = undefined;
      return;
    }
    code.text.appendData(code.isLineShown ? "\n" : `${line}\n`);
    code.isLineShown = false;
  }

  /** Adds a piece without a line break. Once it is clear how a long or code line is shown, it is not kept. */
  function addToLine(piece) {
    if (code?.isLineShown) return code.text.appendData(piece);
    if (draft?.long) return draft.long.appendData(piece);
    line += piece;
    if (!code) return drawDraft();
    if (mayBecomeFence(line)) return;
    code.text.appendData(line);
    code.isLineShown = true;
  }

  return {
    /** Adds text; may be called with any pieces of it. */
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
