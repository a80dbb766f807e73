// Cuts a tool's text to fit into one encoded turn event (limits.eventBytesMax). Text is never cut without a note, and
// never inside a surrogate pair.

/** Room for an event's ids, names and JSON syntax besides the text. */
export const eventHeadBytes = 8 * 1024;

/** A size in bytes, for a message. */
export const shownBytes = (bytes: number): string =>
  bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`;

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** UTF-8 bytes (1–6) of the character at index in JSON. A surrogate pair is counted with its first half. */
function encodedBytesAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  if (unit === 0x22 || unit === 0x5c) return 2;
  if (unit < 0x20) return unit >= 0x08 && unit <= 0x0d && unit !== 0x0b ? 2 : 6;
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  if (isHighSurrogate(unit)) return isLowSurrogate(text.charCodeAt(index + 1)) ? 4 : 6;
  if (isLowSurrogate(unit)) return isHighSurrogate(text.charCodeAt(index - 1)) ? 0 : 6;
  return 3;
}

/** ASCII that JSON does not escape. */
const isPlain = /^[ !#-[\]-~]*$/;

/** UTF-8 bytes of the text inside a JSON string. Counting stops just above bytesMax. */
export function encodedBytes(text: string, bytesMax = Number.POSITIVE_INFINITY): number {
  if (isPlain.test(text)) return text.length;
  let bytes = 0;
  for (let index = 0; index < text.length && bytes <= bytesMax; index++) bytes += encodedBytesAt(text, index);
  return bytes;
}

/** The text if its encoding fits into bytesMax, else as much of its beginning as fits, with a note. */
export function cutToolText(text: string, bytesMax: number): string {
  // A character takes at most 6 bytes, so short texts need no counting.
  if (text.length * 6 <= bytesMax || encodedBytes(text, bytesMax) <= bytesMax) return text;
  const note = (kept: number): string => `\n[cut: the first ${kept} of ${text.length} characters]`;
  const room = bytesMax - encodedBytes(note(text.length));
  let bytes = 0;
  let end = 0;
  while (end < text.length) {
    bytes += encodedBytesAt(text, end);
    if (bytes > room) break;
    end++;
  }
  if (end > 0 && isHighSurrogate(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end) + note(end);
}

/** Splits the text into parts of at most charactersMax UTF-16 units, never inside a surrogate pair. */
export function* pieces(text: string, charactersMax: number): Generator<string> {
  let start = 0;
  while (text.length - start > charactersMax) {
    let end = start + charactersMax;
    if (isHighSurrogate(text.charCodeAt(end - 1)) && end - 1 > start) end--;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}
