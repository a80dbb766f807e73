// Reads a request's input: bodies, ids in paths, numbers in queries. Holds at most the allowed bytes of a body and must
// never trust a Content-Length.
import type { Limits } from "../limits.ts";
import { idProblem } from "../protocol/fields.ts";
import { cachedJson } from "../protocol/json-cache.ts";
import type { MessageParser } from "../protocol/parse.ts";
import { refusals } from "../protocol/refusals.ts";
import type { HttpContext, HttpParts } from "./context.ts";
import { refuse, refuseByCode, refuseForNow } from "./errors.ts";

export type Fields = Record<string, unknown>;

/** The body as a JSON object, or the refusal. */
export async function readFields(
  c: HttpContext,
  { longMessages, limits, parser }: Pick<HttpParts, "longMessages" | "limits" | "parser">,
  bytesMax: number,
): Promise<{ fields: Fields } | { refused: Response }> {
  const body = await readBody(c, bytesMax);
  if (body === "too-large") return { refused: refuse(c, 413, `the body may have at most ${bytesMax} bytes`) };
  if (body === "incomplete") return { refused: refuse(c, 400, "the request ended before its body was complete") };
  const { bytes, parts } = body;
  const read: { json?: ReturnType<MessageParser["json"]> } = {};
  const parse = (): void => {
    read.json = parser.json(Buffer.concat(parts));
  };
  // The text of a POST /chat, which is stored and sent to every watcher.
  const encode = (): void => {
    const fields = read.json && "value" in read.json && isFields(read.json.value) ? read.json.value : {};
    if (typeof fields["message"] === "string") cachedJson(fields["message"]);
  };
  const isLong = bytes > limits.messageBytesMax;
  if (isLong && longMessages.bytes > limits.longMessagesBytesMax)
    return { refused: refuseForNow(c, "too many long requests are waiting: send it again later", limits) };
  if (isLong) await longMessages.run(c.var.identity, bytes, [parse, encode]);
  else parse();
  const { json } = read;
  if (!json) throw new Error("a body was not parsed");
  // All that takes time, and the token may have been removed meanwhile.
  if (!c.var.isStillGood()) return { refused: refuse(c, 401, "the token is no longer valid") };
  if ("refusal" in json) return { refused: refuseByCode(c, json.refusal.code, json.refusal.reply.message, limits) };
  const { value } = json;
  if (isFields(value)) return { fields: value };
  return { refused: refuse(c, 400, refusals.invalidMessage("must be a JSON object").reply.message) };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

interface Body {
  parts: Buffer[];
  bytes: number;
}

async function readBody(c: HttpContext, bytesMax: number): Promise<Body | "too-large" | "incomplete"> {
  const { incoming } = c.env;
  if (Number(incoming.headers["content-length"] ?? 0) > bytesMax) return "too-large";
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    // Do not destroy the request when its body is too large: that would destroy the response too.
    for await (const part of incoming.iterator({ destroyOnReturn: false })) {
      bytes += part.length;
      if (bytes > bytesMax) return "too-large";
      parts.push(part);
    }
  } catch {
    return "incomplete";
  }
  return { parts, bytes };
}

/**
 * Decodes a segment of the path as an id. The path is raw (src/http/app.ts), so an id may contain a slash as %2F.
 * @param segment its place, from 1.
 */
export function readId(
  c: HttpContext,
  segment: number,
  limits: Pick<Limits, "idCharactersMax">,
): { id: string } | { refused: Response } {
  let id: string;
  try {
    id = decodeURIComponent(c.req.path.split("/")[segment] ?? "");
  } catch {
    return { refused: refuse(c, 400, "the id in the path is not percent-encoded UTF-8") };
  }
  const problem = idProblem(id, limits);
  return problem === undefined ? { id } : { refused: refuse(c, 400, `the id in the path ${problem}`) };
}

/** The query parameters that are given of those that must be whole numbers. @param least the smallest value of each. */
export function readNumbers<Name extends string>(
  c: HttpContext,
  least: Readonly<Record<Name, number>>,
): { numbers: { [name in Name]?: number } } | { refused: Response } {
  const numbers: { [name in Name]?: number } = {};
  for (const name in least) {
    const text = c.req.query(name);
    if (text === undefined) continue;
    const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(number) || number < least[name])
      return { refused: refuse(c, 400, `${name} must be a whole number, ${least[name]} or more`) };
    numbers[name] = number;
  }
  return { numbers };
}
