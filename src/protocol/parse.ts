// From the bytes of a frame to a typed message, or to the refusal that protocol 1.4 names for it. Nothing that did not
// pass here reaches an actor.
import * as v from "valibot";
import type { Limits } from "../limits.ts";
import { isReasoningEffort } from "./chat-send.ts";
import { type ClientMessage, type ClientSchemas, clientSchemas } from "./client-message.ts";
import { complexityOf } from "./complexity.ts";
import { type FieldLimits, isUsableId } from "./fields.ts";
import { type Refusal, refusals } from "./refusals.ts";

/** A refusal names the request that it answers, where one could be read. */
export type Parsed = { message: ClientMessage } | { refusal: Refusal; id?: string };

export interface ParseOptions {
  /** Did the socket choose `turnwire.v1`? On others the fields of protocol 2 that need it are ignored. */
  isV1: boolean;
}

export type MessageLimits = FieldLimits & Pick<Limits, "messageBytesMax" | "messageOpenersMax" | "nestingDepthMax">;

const base: ParseOptions = { isV1: false };

type Fields = Record<string, unknown>;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One for a server: its schemas are built once, from the server's limits. */
export class MessageParser {
  readonly #limits: MessageLimits;
  readonly #schemas: ClientSchemas;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
    this.#schemas = clientSchemas(limits);
  }

  /** Reads one WebSocket message. Binary frames are UTF-8 JSON like the others (protocol 1.1). */
  parse(data: Buffer, options: ParseOptions = base): Parsed {
    const { messageBytesMax, messageOpenersMax, nestingDepthMax } = this.#limits;
    if (data.length > messageBytesMax) {
      const seen = complexityOf(data, { openers: messageOpenersMax, depth: nestingDepthMax });
      if (seen.openers > messageOpenersMax)
        return { refusal: refusals.tooLarge(`it holds more than ${messageOpenersMax} arrays and objects`) };
      if (seen.depth > nestingDepthMax)
        return { refusal: refusals.invalidMessage(`it is nested deeper than ${nestingDepthMax} levels`) };
    }
    let value: unknown;
    try {
      value = JSON.parse(utf8.decode(data));
    } catch {
      return { refusal: refusals.invalidJson() };
    }
    return this.check(value, data.length, options);
  }

  /** Checks a message that has been read already; bytes is its size on the wire. */
  check(value: unknown, bytes: number, options: ParseOptions = base): Parsed {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return { refusal: refusals.invalidMessage("must be a JSON object") };
    const fields = value as Fields;
    const checked = this.#checkFields(fields, bytes, options);
    if ("type" in checked) return { message: checked };
    const id = fields["id"];
    return options.isV1 && isUsableId(id, this.#limits) ? { refusal: checked, id } : { refusal: checked };
  }

  #checkFields(fields: Fields, bytes: number, { isV1 }: ParseOptions): ClientMessage | Refusal {
    const { messageBytesMax, nestingDepthMax } = this.#limits;
    const type = fields["type"];
    if (typeof type !== "string") return refusals.invalidMessage("`type` must be a string");
    const schemas = this.#schemas.get(type);
    if (!schemas) return refusals.invalidMessage(`\`type\` is unknown: ${shown(type)}`);

    const conversationId = isUsableId(fields["conversationId"], this.#limits) ? fields["conversationId"] : undefined;
    const special = this.#specialRefusal(type, fields, conversationId);
    if (special) return special;
    if (bytes > messageBytesMax && type !== "chat.send") {
      const problem = `\`${type}\` may have at most ${messageBytesMax} bytes, this one has ${bytes}`;
      return refusals.tooLarge(problem, conversationId);
    }
    if (!isShallow(fields, nestingDepthMax)) {
      const deepest = Object.keys(fields).find((key) => !isShallow(fields[key], nestingDepthMax - 1));
      const problem = `\`${deepest}\` is nested deeper than ${nestingDepthMax} levels`;
      return refusals.invalidMessage(problem, conversationId);
    }
    const result = v.safeParse(isV1 ? schemas.v1 : schemas.base, fields, { abortEarly: true });
    if (result.success) return result.output;
    return refusals.invalidMessage(issueText(result.issues[0]), conversationId);
  }

  /** The rows of protocol 1.4 that win over the general one, in table order. */
  #specialRefusal(type: string, fields: Fields, conversationId: string | undefined): Refusal | undefined {
    switch (type) {
      case "chat.send":
        return this.#chatSendRefusal(fields, conversationId);
      case "chat.queue": {
        const text = fields["text"];
        if (typeof text !== "string" || text.trim() === "") return refusals.textRequired(type, "text", conversationId);
        if (conversationId === undefined) return refusals.textRequired(type, "conversationId");
        return undefined;
      }
      case "chat.queue.cancel":
        if (conversationId === undefined) return refusals.textRequired(type, "conversationId");
        if (!isUsableId(fields["messageId"], this.#limits))
          return refusals.textRequired(type, "messageId", conversationId);
        return undefined;
      default:
        return undefined;
    }
  }

  /** What protocol 1.4 says of message, effort and images. */
  #chatSendRefusal(fields: Fields, conversationId: string | undefined): Refusal | undefined {
    const { message, reasoningEffort, images } = fields as {
      [name in "message" | "reasoningEffort" | "images"]?: unknown;
    };
    if (typeof message !== "string" || message === "")
      return refusals.textRequired("chat.send", "message", conversationId);
    if (reasoningEffort !== undefined && reasoningEffort !== null)
      if (!isReasoningEffort(reasoningEffort))
        return refusals.invalidEffort(asText(reasoningEffort, this.#limits.nestingDepthMax), conversationId);
    if (images !== undefined && images !== null) {
      if (!Array.isArray(images)) return refusals.imagesNotArray(conversationId);
      if (!images.every(hasUrl)) return refusals.badImage(conversationId);
    }
    return undefined;
  }
}

function hasUrl(image: unknown): boolean {
  if (typeof image !== "object" || image === null) return false;
  const url: unknown = Reflect.get(image, "url");
  return typeof url === "string" && url !== "";
}

/** Is there no array or object nested deeper than this? Stops at the limit, so depth costs no stack. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  return Object.values(value).every((part) => isShallow(part, depth - 1));
}

const shownCharactersMax = 100;

/** A client's own text in a sentence: cut, so that an answer is never larger than what it answers. */
const cut = (text: string): string =>
  text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;

const shown = (text: string): string => cut(JSON.stringify(text));

/** What is nested too deep is not spelt out: that would cost stack. */
function asText(value: unknown, nestingDepthMax: number): string {
  if (typeof value === "string") return cut(value);
  return isShallow(value, nestingDepthMax) ? cut(JSON.stringify(value)) : "…";
}

/** `Invalid message:` goes on with the field's path and what is wrong with it. */
export function issueText(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map((item) => String(item.key)).join(".");
  const problem = issue.received === "undefined" ? "is missing" : sentence(issue);
  return path === "" ? problem : `\`${path}\` ${problem}`;
}

/** Our own messages begin in lower case; valibot's default ones become one of ours. */
function sentence(issue: v.BaseIssue<unknown>): string {
  if (!issue.message.startsWith("Invalid ")) return issue.message;
  return `must be ${issue.expected}, not ${issue.received.slice(0, shownCharactersMax)}`;
}
