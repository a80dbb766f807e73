// Tells reasoning apart in the text of a model that writes it as <think>…</think> before its answer. Only at the very
// beginning: further on, the tags are words of the answer. The SDK's own middleware takes them anywhere.

interface Delta {
  type: "text-delta" | "reasoning-delta";
  delta: string;
}

const opening = "<think>";
const closing = "</think>";

export class ThinkTags {
  /** White space only separates in `opened`, after the first tag, and in `closed`, after the second. */
  #place: "start" | "opened" | "inside" | "closed" | "answer";
  /** The end of the text so far if it may be the beginning of a tag. */
  #held = "";

  /** @param wanted without it, the whole text is the answer */
  constructor(wanted: boolean) {
    this.#place = wanted ? "start" : "answer";
  }

  *take(text: string): Generator<Delta, void, undefined> {
    let rest = this.#held + text;
    this.#held = "";
    if (this.#place === "start") {
      const begun = rest.trimStart();
      if (begun.startsWith(opening)) {
        this.#place = "opened";
        rest = begun.slice(opening.length);
      } else if (opening.startsWith(begun)) this.#held = rest;
      else this.#place = "answer";
      if (this.#held !== "") return;
    }
    if (this.#place === "opened") {
      rest = rest.trimStart();
      if (rest !== "") this.#place = "inside";
    }
    if (this.#place === "inside") {
      const end = rest.indexOf(closing);
      const shown = end < 0 ? rest.length - overlap(rest, closing) : end;
      if (shown > 0) yield { type: "reasoning-delta", delta: rest.slice(0, shown) };
      if (end < 0) this.#held = rest.slice(shown);
      rest = end < 0 ? "" : rest.slice(end + closing.length);
      if (end >= 0) this.#place = "closed";
    }
    if (this.#place === "closed") {
      rest = rest.trimStart();
      if (rest !== "") this.#place = "answer";
    }
    if (rest !== "") yield { type: "text-delta", delta: rest };
  }

  /** What is held was no tag after all. */
  *end(): Generator<Delta, void, undefined> {
    const type = this.#place === "inside" ? "reasoning-delta" : "text-delta";
    if (this.#held !== "") yield { type, delta: this.#held };
    this.#held = "";
  }
}

/** How many characters at the end of the text are the beginning of the tag. */
function overlap(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(tag.slice(0, length))) return length;
  }
  return 0;
}
