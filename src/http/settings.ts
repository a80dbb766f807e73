// Title, model and reasoning effort of a conversation, each with its own GET and PUT (protocol 3). null unsets a value.
// PUT creates an unknown conversation.
import * as v from "valibot";
import type { ConversationSettings } from "../ports/conversations.ts";
import { reasoningEfforts } from "../protocol/chat-send.ts";
import { createFields } from "../protocol/fields.ts";
import { issueText } from "../protocol/parse.ts";
import type { HttpApp, HttpParts } from "./context.ts";
import { notOffered, refuse, refuseByCode } from "./errors.ts";
import { readFields } from "./request-input.ts";

const effort = v.picklist(
  reasoningEfforts,
  (issue) => `is invalid: ${issue.received} — must be one of: ${reasoningEfforts.join(", ")}, or null`,
);

export function routeSettings(app: HttpApp, parts: HttpParts): void {
  const { shortString } = createFields(parts.limits);
  routeSetting(app, parts, "title", "title", v.object({ title: v.nullable(shortString) }));
  routeSetting(app, parts, "model", "model", v.object({ model: v.nullable(shortString) }));
  routeSetting(app, parts, "reasoning-effort", "reasoningEffort", v.object({ reasoningEffort: v.nullable(effort) }));
}

function routeSetting(
  app: HttpApp,
  parts: HttpParts,
  segment: string,
  name: keyof ConversationSettings,
  schema: v.GenericSchema<unknown, Partial<ConversationSettings>>,
): void {
  const { conversations, limits } = parts;
  app.get(`/conversations/:id/${segment}`, (c) => {
    if (!conversations.settings) return notOffered(c);
    const { conversationId } = c.var;
    return c.json({ conversationId, [name]: conversations.settings(conversationId)[name] });
  });

  app.put(`/conversations/:id/${segment}`, async (c) => {
    if (!conversations.configure) return notOffered(c);
    const body = await readFields(c, parts, limits.httpBodyBytesMax);
    if ("refused" in body) return body.refused;
    const result = v.safeParse(schema, body.fields, { abortEarly: true });
    if (!result.success) return refuse(c, 400, `Invalid message: ${issueText(result.issues[0])}`);
    const { conversationId } = c.var;
    const notDone = conversations.configure(conversationId, result.output);
    if (notDone) return refuseByCode(c, notDone.code, notDone.message, limits);
    return c.json({ conversationId, [name]: result.output[name] });
  });
}
