// Reads the body of an answer: a stream of server-sent events up to its [DONE], or one JSON document. Yields its chunks
// as JSON for the AI SDK; anything else ends in one clear error. Must never hold more than one part of the answer.
import { AgentError } from "../agent-error.ts";
import { readChunk } from "./chunk.ts";
import { sentenceOf } from "./endpoint-sentence.ts";
import { jsonIn } from "./fields.ts";
import { checkPart, linesOf } from "./lines.ts";

export interface AnswerProgress {
  /** There is a finish_reason: little can follow. */
  onFinish(): void;
  /** The answer is at its end, and the body may stay open. */
  onDone(): void;
}

export async function* chunksOf(
  texts: AsyncIterable<string>,
  partCharactersMax: number,
  { onFinish, onDone }: AnswerProgress,
): AsyncGenerator<string, void, undefined> {
  const answer = new AnswerReader(partCharactersMax);
  for await (const line of linesOf(texts, partCharactersMax)) {
    yield* answer.line(line);
    if (answer.finishes) onFinish();
    if (!answer.isDone) continue;
    onDone();
    break;
  }
  yield* answer.end();
}

const finished = JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });

class AnswerReader {
  isDone = false;
  finishes = false;
  readonly #partCharactersMax: number;
  /** There was a line of a stream. */
  #hasBegun = false;
  /** The event that is being read. */
  #data: string[] = [];
  #dataCharacters = 0;
  #event: string | undefined;
  /** An answer that is no stream. */
  #document: string | undefined;
  /** What was neither an event nor JSON. */
  #stray: string | undefined;
  #says = false;
  #argumentCharacters = 0;

  constructor(partCharactersMax: number) {
    this.#partCharactersMax = partCharactersMax;
  }

  *line(line: string): Generator<string, void, undefined> {
    const isJson = /^\s*[[{]/.test(line);
    if (this.#document !== undefined || (isJson && !this.#hasBegun)) {
      this.#document = this.#document === undefined ? line : `${this.#document}\n${line}`;
      checkPart(this.#document.length, this.#partCharactersMax);
      return;
    }
    if (/^\s*</.test(line) && !this.#hasBegun) throw notAnAnswer(line);
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    this.#hasBegun ||= name !== "";
    // llama.cpp sends an error as a field of that name, others append it as a line of JSON.
    if (name === "error" || isJson) yield* this.#dispatch(isJson ? line : value, "error");
    else if (name === "event") this.#event = value;
    else if (name === "data") yield* this.#dataLine(value);
    else if (line === "") yield* this.#dispatchData();
    else if (name !== "" && name !== "id" && name !== "retry") this.#stray ??= line.trim() || undefined;
  }

  *end(): Generator<string, void, undefined> {
    if (this.#document !== undefined) return yield* this.#whole(this.#document);
    // The end of a broken connection may have cut the last event.
    if (jsonIn(this.#data.join("\n")) !== undefined) yield* this.#dispatchData();
    if (this.finishes) return;
    const isWhole = this.isDone && this.#says;
    if (this.#stray !== undefined && !isWhole) throw notAnAnswer(this.#stray);
    // [DONE] says that nothing is missing.
    if (isWhole) yield finished;
  }

  *#dataLine(value: string): Generator<string, void, undefined> {
    const isLast = value.trim() === "[DONE]";
    // Some leave out the empty line between two events.
    if (isLast || (this.#data.length === 1 && jsonIn(this.#data.join()) !== undefined)) yield* this.#dispatchData();
    if (isLast) this.isDone = true;
    else this.#data.push(value);
    this.#dataCharacters += value.length;
    checkPart(this.#dataCharacters, this.#partCharactersMax);
  }

  *#dispatchData(): Generator<string, void, undefined> {
    const text = this.#data.join("\n");
    const event = this.#event;
    this.#data = [];
    this.#dataCharacters = 0;
    this.#event = undefined;
    if (text.trim() !== "") yield* this.#dispatch(text, event);
  }

  *#dispatch(text: string, event?: string): Generator<string, void, undefined> {
    const value = jsonIn(text) ?? (event === "error" ? { error: text } : undefined);
    if (value === undefined) {
      // The SDK's error quotes broken JSON.
      if (/^\s*[[{]/.test(text)) yield text.replaceAll("\n", " ");
      else this.#stray ??= text.trim();
      return;
    }
    const chunk = readChunk(value, { event, whole: !this.#says });
    if (!chunk) return;
    this.#says ||= chunk.says;
    this.finishes ||= chunk.finishes;
    this.#argumentCharacters += chunk.argumentCharacters;
    checkPart(this.#argumentCharacters, this.#partCharactersMax);
    yield chunk.json;
    // What follows an error is no part of the answer.
    if (chunk.kind === "error") this.isDone = this.finishes = true;
  }

  *#whole(text: string): Generator<string, void, undefined> {
    const value = jsonIn(text);
    const chunk = readChunk(value, { event: undefined, whole: true });
    if (chunk?.kind === "answer" && (chunk.says || chunk.finishes)) {
      yield chunk.json;
      if (!chunk.finishes) yield finished;
      return;
    }
    const sentence = value === undefined ? undefined : sentenceOf(value);
    if (sentence === undefined) throw notAnAnswer(text);
    throw new AgentError("provider-failed", `The model endpoint answered with an error: ${sentence}`);
  }
}

/** The mistake is mostly the address: a web page, or another API. */
function notAnAnswer(text: string): AgentError {
  const what = /^\s*</.test(text) ? "a web page" : `"${text.trim().slice(0, 200).toWellFormed()}"`;
  const hint = "(Check the base URL; most end in /v1.)";
  return new AgentError("provider-failed", `The model endpoint did not send a chat completion, but ${what}. ${hint}`);
}
