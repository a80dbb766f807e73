// The fields of each message of the server, and the messages that only a v1 socket may get (protocol 1.2, 2). A base
// socket must never get any other field or message.
import type { Message } from "../../support/client/transcript.ts";

interface Shape {
  always: readonly string[];
  sometimes: readonly string[];
}

const shape = (always: string, sometimes = ""): Shape => ({
  always: ["type", ...words(always)],
  sometimes: words(sometimes),
});

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

const baseShapes: ReadonlyMap<string, Shape> = new Map([
  ["catalog", shape("catalog")],
  ["surface", shape("spec", "conversationId")],
  ["update", shape("update")],
  ["error", shape("message", "surfaceId conversationId")],
  ["chat.delta", shape("event epoch seq", "fromSeq")],
  ["chat.error", shape("message", "conversationId")],
  ["conversation.open", shape("conversationId workspaceId")],
  ["conversation.statusChanged", shape("conversationId status workspaceId")],
  ["conversation.compacted", shape("conversationId newConversationId messagesSummarized messagesKept")],
  ["pong", shape("")],
]);

const v1Shapes: ReadonlyMap<string, Shape> = new Map([
  ["hello", shape("server version connectionId limits")],
  ["chat.subscribed", shape("conversationId epoch seq turnId recovered")],
]);

/** Whether such a socket may get such a message. The fields of a reply are not checked: they depend on its request. */
export function isInShape(message: Message, isV1: boolean): boolean {
  if (message.type === "reply") return isV1;
  const known = baseShapes.get(message.type) ?? (isV1 ? v1Shapes.get(message.type) : undefined);
  if (!known) return false;
  const { always, sometimes } = known;
  const fields = Object.keys(message);
  return (
    always.every((field) => field in message) && fields.every((field) => [...always, ...sometimes].includes(field))
  );
}
