// Parses the bytes of a frame into a typed message, or into the refusal of protocol 1.4. No client message reaches an
// actor without passing here.
import * as v from "valibot";
import type { Limits } from "../limits.ts";
import { isReasoningEffort } from "./chat-send.ts";
import { type ClientMessage, type ClientSchemas, clientSchemas } from "./client-message.ts";
import { complexityOf } from "./complexity.ts";
import { type FieldLimits, isUsableId } from "./fields.ts";
import { type Refusal, refusals } from "./refusals.ts";

/** A refusal carries the id of the request if that could be read. */
export type Parsed = { message: ClientMessage } | { refusal: Refusal; id?: string };

export type MessageLimits = FieldLimits & Pick<Limits, "messageBytesMax" | "messageOpenersMax" | "nestingDepthMax">;

/** For each array or object that a large message may hold, so many bytes may be outside strings. */
const bytesPerOpener = 32;

type Fields = Record<string, unknown>;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** There is one per server; its schemas are built once, from the server's limits. */
export class MessageParser {
  readonly #limits: MessageLimits;
  readonly #schemas: ClientSchemas;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
    this.#schemas = clientSchemas(limits);
  }

  /**
   * Parses one WebSocket message. Binary frames hold UTF-8 JSON, like text frames (protocol 1.1).
   * @param isV1 Does the socket use `turnwire.v1`? Otherwise the fields of protocol 2 that need it are ignored.
   */
  parse(data: Buffer, isV1 = false): Parsed {
    const json = this.json(data);
    return "refusal" in json ? json : this.check(json.value, data.length, isV1);
  }

  /** Decodes UTF-8 JSON. A large one that would take too long is refused before. */
  json(data: Buffer): { value: unknown } | { refusal: Refusal } {
    const { messageBytesMax, messageOpenersMax, nestingDepthMax } = this.#limits;
    if (data.length > messageBytesMax) {
      const outsideMax = bytesPerOpener * messageOpenersMax;
      const bounds = { openers: messageOpenersMax, depth: nestingDepthMax, outside: outsideMax };
      const seen = complexityOf(data, bounds);
      if (seen.openers > messageOpenersMax)
        return { refusal: refusals.tooLarge(`it holds more than ${messageOpenersMax} arrays and objects`) };
      if (seen.depth > nestingDepthMax)
        return { refusal: refusals.invalidMessage(`it is nested deeper than ${nestingDepthMax} levels`) };
      if (seen.outside > outsideMax)
        return { refusal: refusals.tooLarge(`at most ${outsideMax} of its bytes may be outside strings`) };
    }
    try {
      return { value: JSON.parse(utf8.decode(data)) };
    } catch {
      return { refusal: refusals.invalidJson() };
    }
  }

  /** Checks a message that is already parsed. @param bytes its size on the wire. */
  check(value: unknown, bytes: number, isV1 = false): Parsed {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return { refusal: refusals.invalidMessage("must be a JSON object") };
    const fields = value as Fields;
    const checked = this.#checkFields(fields, bytes, isV1);
    if ("type" in checked) return { message: checked };
    const id = fields["id"];
    return isV1 && isUsableId(id, this.#limits) ? { refusal: checked, id } : { refusal: checked };
  }

  #checkFields(fields: Fields, bytes: number, isV1: boolean): ClientMessage | Refusal {
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

  /** The rows of protocol 1.4 that take precedence over the general one, in table order. */
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

  /** Checks message, effort and images as in protocol 1.4. */
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

/** Is no array or object nested deeper than this? Recursion stops at the limit, which bounds the stack. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  return Object.values(value).every((part) => isShallow(part, depth - 1));
}

const shownCharactersMax = 100;

/** Cuts a client's text that is quoted in a refusal, so that the refusal is never larger than the request. */
const cut = (text: string): string =>
  text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;

const shown = (text: string): string => cut(JSON.stringify(text));

/** A value that is nested too deeply is not encoded, which bounds the stack. */
function asText(value: unknown, nestingDepthMax: number): string {
  if (typeof value === "string") return cut(value);
  return isShallow(value, nestingDepthMax) ? cut(JSON.stringify(value)) : "…";
}

/** The text after `Invalid message:`, which is the field's path and the problem. */
export function issueText(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map((item) => String(item.key)).join(".");
  const problem = issue.received === "undefined" ? "is missing" : sentence(issue);
  return path === "" ? problem : `\`${path}\` ${problem}`;
}

/** Messages of these schemas are used unchanged; valibot's defaults, which begin with "Invalid", are reworded. */
function sentence(issue: v.BaseIssue<unknown>): string {
  if (!issue.message.startsWith("Invalid ")) return issue.message;
  return `must be ${issue.expected}, not ${issue.received.slice(0, shownCharactersMax)}`;
}
