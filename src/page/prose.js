// The small part of Markdown that answers are written in, as data: what a line is, and what stands in it. Pure; makes
// no HTML, so no text can ever become markup.

/**
 * @typedef {{ kind: "blank" | "rule" | "quote" | "table" | "text", text: string }
 *   | { kind: "fence", text: string, language: string }
 *   | { kind: "heading", text: string, level: number }
 *   | { kind: "bullet", text: string, depth: number }
 *   | { kind: "number", text: string, depth: number, start: number }} Line
 *
 * @typedef {{ kind: "text" | "code" | "strong" | "emphasis", text: string }
 *   | { kind: "link", text: string, href: string }} Inline
 */

/**
 * What a line is, outside of a code block; text is what is left to show.
 * @param {string} line
 * @returns {Line}
 */
export function classifyLine(line) {
  let match = /^\s*(?:```|~~~)\s*([\w+#.-]*)/.exec(line);
  if (match) return { kind: "fence", text: "", language: match[1] ?? "" };
  if (line.trim() === "") return { kind: "blank", text: "" };
  match = /^(#{1,6})\s+(.*)$/.exec(line);
  if (match) return { kind: "heading", text: match[2] ?? "", level: match[1]?.length ?? 1 };
  if (/^\s*([-*_])(?:\s*\1){2,}\s*$/.test(line)) return { kind: "rule", text: "" };
  match = /^(\s*)[-*+]\s+(.*)$/.exec(line);
  if (match) return { kind: "bullet", text: match[2] ?? "", depth: depthOf(match[1]) };
  match = /^(\s*)(\d{1,9})[.)]\s+(.*)$/.exec(line);
  if (match) return { kind: "number", text: match[3] ?? "", depth: depthOf(match[1]), start: Number(match[2]) };
  match = /^\s*>\s?(.*)$/.exec(line);
  if (match) return { kind: "quote", text: match[1] ?? "" };
  if (/^\s*\|.*\|\s*$/.test(line)) return { kind: "table", text: line };
  return { kind: "text", text: line };
}

/** @param {string | undefined} indent */
const depthOf = (indent = "") => Math.min(3, Math.floor(indent.replaceAll("\t", "  ").length / 2));

/** @param {string} line */
export const closesFence = (line) => /^\s*(?:```|~~~)\s*$/.test(line);

/**
 * Could this beginning of a line still become a fence? Then it is not shown yet.
 * @param {string} line
 */
export const mayBecomeFence = (line) => /^\s*(?:`{0,3}|~{0,3})\s*$/.test(line);

const inline = new RegExp(
  [
    /(`+)(.+?)\1(?!`)/, // code
    /\*\*(\S(?:.*?\S)?)\*\*/, // strong
    /(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])/, // emphasis
    /\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/, // a named link
    /(https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}])/, // a bare link
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);

/**
 * A line as its parts, in order.
 * @param {string} line
 */
export function parseInline(line) {
  /** @type {Inline[]} */
  const parts = [];
  let end = 0;
  for (const match of line.matchAll(inline)) {
    if (match.index > end) parts.push({ kind: "text", text: line.slice(end, match.index) });
    parts.push(partOf(match));
    end = match.index + match[0].length;
  }
  if (end < line.length) parts.push({ kind: "text", text: line.slice(end) });
  return parts;
}

/**
 * @param {readonly string[]} match
 * @returns {Inline}
 */
function partOf([, , code, strong, emphasis, name, href, bare = ""]) {
  if (code !== undefined) return { kind: "code", text: code.replace(/^ (.+) $/, "$1") };
  if (strong !== undefined) return { kind: "strong", text: strong };
  if (emphasis !== undefined) return { kind: "emphasis", text: emphasis };
  return { kind: "link", text: name ?? bare, href: href ?? bare };
}
