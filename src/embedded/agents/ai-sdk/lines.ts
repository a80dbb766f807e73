// Decodes a body that arrives in pieces and splits it into lines, at CRLF, LF or CR. Refuses a body or a line that is
// too long before it is complete.
import { AgentError } from "../agent-error.ts";

export async function* textsOf(
  bytes: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let total = 0;
  for await (const piece of bytes) {
    total += piece.byteLength;
    if (total > bytesMax) {
      throw new AgentError("provider-failed", `The model endpoint's answer is larger than ${bytesMax} bytes.`);
    }
    yield decoder.decode(piece, { stream: true });
  }
  yield decoder.decode();
}

export async function* linesOf(
  texts: AsyncIterable<string>,
  charactersMax: number,
): AsyncGenerator<string, void, undefined> {
  let line = "";
  let afterReturn = false;
  for await (const text of texts) {
    // Pieces of a long line are joined once, at its end.
    const [first = "", ...more] = (afterReturn && text.startsWith("\n") ? text.slice(1) : text).split(/\r\n|\n|\r/);
    if (text !== "") afterReturn = text.endsWith("\r");
    line += first;
    for (const next of more) {
      checkPart(line.length, charactersMax);
      yield line;
      line = next;
    }
    checkPart(line.length, charactersMax);
  }
  if (line !== "") yield line;
}

/** @throws AgentError when a part of an answer is too long. */
export function checkPart(characters: number, charactersMax: number): void {
  if (characters <= charactersMax) return;
  const message = `A part of the model endpoint's answer is longer than ${charactersMax} characters.`;
  throw new AgentError("provider-failed", message);
}
