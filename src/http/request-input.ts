// Reads a request's input: bodies, ids in paths, numbers in queries. Holds at most the allowed bytes of a body and must
// never trust a Content-Length.
import type { Limits } from "../limits.ts";
import { idProblem } from "../protocol/fields.ts";
import { refusals } from "../protocol/refusals.ts";
import type { HttpContext } from "./context.ts";
import { refuse } from "./errors.ts";

export type Fields = Record<string, unknown>;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The body as a JSON object, or the refusal. */
export async function readFields(
  c: HttpContext,
  bytesMax: number,
): Promise<{ fields: Fields } | { refused: Response }> {
  const body = await readBody(c, bytesMax);
  if (body === "too-large") return { refused: refuse(c, 413, `the body may have at most ${bytesMax} bytes`) };
  if (body === "incomplete") return { refused: refuse(c, 400, "the request ended before its body was complete") };
  // Receiving a body takes time, and the token may have been removed meanwhile.
  if (!c.var.isStillGood()) return { refused: refuse(c, 401, "the token is no longer valid") };
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    return { refused: refuse(c, 400, refusals.invalidJson().reply.message) };
  }
  if (isFields(value)) return { fields: value };
  return { refused: refuse(c, 400, refusals.invalidMessage("must be a JSON object").reply.message) };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function readBody(c: HttpContext, bytesMax: number): Promise<Buffer | "too-large" | "incomplete"> {
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
  return Buffer.concat(parts);
}

/** Decodes a path segment as an id. The path is raw (src/http/app.ts), so an id may contain a slash as %2F. */
export function readId(
  segment: string | undefined,
  limits: Pick<Limits, "idCharactersMax">,
): { id: string } | { problem: string } {
  let text: string;
  try {
    text = decodeURIComponent(segment ?? "");
  } catch {
    return { problem: "the id in the path is not percent-encoded UTF-8" };
  }
  const problem = idProblem(text, limits);
  return problem === undefined ? { id: text } : { problem: `the id in the path ${problem}` };
}

/** A query parameter that must be a whole number, at least `least`. */
export function readNumber(
  c: HttpContext,
  name: string,
  least: number,
): { number: number | undefined } | { refused: Response } {
  const text = c.req.query(name);
  if (text === undefined) return { number: undefined };
  const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least) return { number };
  return { refused: refuse(c, 400, `${name} must be a whole number, ${least} or more`) };
}
