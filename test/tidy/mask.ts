// Distinguishes code from comments, strings and regular expressions, so that a check never takes a word in a sentence
// for a call. A scanner of a few states, not a parser. Blanked text keeps its length and its line breaks.

export interface Masked {
  /** Comments, strings, template texts and regular expressions are blanks. */
  code: string;
  /** Only comments are blanks. */
  withoutComments: string;
}

type Kind = "code" | "comment" | "literal";

export function mask(text: string): Masked {
  let code = "";
  let withoutComments = "";
  for (const [kind, part] of partsOf(text)) {
    const blank = part.replace(/[^\n]/g, " ");
    code += kind === "code" ? part : blank;
    withoutComments += kind === "comment" ? blank : part;
  }
  return { code, withoutComments };
}

function* partsOf(text: string): Generator<[Kind, string]> {
  /** The number of open braces inside each open `${`. */
  const templates: number[] = [];
  let at = 0;
  let codeSoFar = "";
  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const [kind, end] = partAt(text, at, rest, codeSoFar, templates);
    const part = text.slice(at, end);
    if (kind === "code") codeSoFar = (codeSoFar + part).slice(-40);
    else if (kind === "literal") codeSoFar = `${codeSoFar}""`.slice(-40);
    yield [kind, part];
    at = end;
  }
}

function partAt(text: string, at: number, rest: string, codeSoFar: string, templates: number[]): [Kind, number] {
  const first = text[at];
  if (rest === "//" || (at === 0 && rest === "#!")) return ["comment", endOf(text, at, /\n|$/g)];
  if (rest === "/*") return ["comment", endOf(text, at + 2, /\*\/|$/g, true)];
  if (first === '"' || first === "'") return ["literal", endOfString(text, at + 1, first)];
  if (first === "`") return ["literal", endOfTemplate(text, at + 1, templates)];
  if (first === "/" && startsRegex(codeSoFar)) return ["literal", endOfRegex(text, at + 1)];
  const open = templates.length - 1;
  if (first === "{" && open >= 0) templates[open] = (templates[open] ?? 0) + 1;
  if (first === "}" && open >= 0) {
    if (templates[open] === 0) {
      templates.pop();
      return ["literal", endOfTemplate(text, at + 1, templates)];
    }
    templates[open] = (templates[open] ?? 0) - 1;
  }
  return ["code", at + 1];
}

function endOf(text: string, from: number, pattern: RegExp, isInclusive = false): number {
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  if (found === null) return text.length;
  return isInclusive ? found.index + found[0].length : found.index;
}

function endOfString(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === quote || text[at] === "\n") return at + 1;
  }
  return text.length;
}

/** The end of the template text: after its closing backtick, or after the next `${`, which is then open. */
function endOfTemplate(text: string, from: number, templates: number[]): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "`") return at + 1;
    else if (text[at] === "$" && text[at + 1] === "{") {
      templates.push(0);
      return at + 2;
    }
  }
  return text.length;
}

function endOfRegex(text: string, from: number): number {
  let isInClass = false;
  for (let at = from; at < text.length && text[at] !== "\n"; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "[") isInClass = true;
    else if (text[at] === "]") isInClass = false;
    else if (text[at] === "/" && !isInClass) return at + 1;
  }
  return text.length;
}

/** A slash after a value divides; after anything else it begins a regular expression. */
function startsRegex(codeBefore: string): boolean {
  const before = codeBefore.trimEnd();
  if (/\b(return|typeof|case|in|of|yield|await|throw|do|else)$/.test(before)) return true;
  return before === "" || !/[\w$)\]}"]$/.test(before);
}
