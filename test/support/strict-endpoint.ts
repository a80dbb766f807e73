// What the strictest chat template and API would say of a request. A fake endpoint answers 400 with these words, and
// properties demand that there are none.
import type { ChatRequest } from "./openai-endpoint.ts";

interface ToolCall {
  id: string;
  function: { name: string; arguments: string };
}

/** @param bytesMax of all messages, as JSON. @returns complaints; none: the request is accepted. */
export function complaintsAbout({ messages, tools }: ChatRequest, bytesMax = Number.POSITIVE_INFINITY): string[] {
  const said: string[] = [];
  const complain = (index: number, words: string): void => void said.push(`messages[${index}]: ${words}`);
  const ids = new Set<string>();
  let open: string[] = [];
  for (const [index, { role, content, tool_calls: calls, tool_call_id: id }] of messages.entries()) {
    const before = messages[index - 1]?.role;
    if (role === "system" && index > 0) complain(index, "a system message may only come first");
    const follows: Record<string, (string | undefined)[]> = {
      user: [undefined, "system", "assistant"],
      assistant: ["user", "tool"],
      tool: ["assistant", "tool"],
      system: [undefined],
    };
    if (!follows[role]?.includes(before)) complain(index, `roles must alternate: ${role} after ${before}`);
    if (role !== "tool" && open.length > 0) complain(index, `calls without a result: ${open}`);
    if (role === "tool") {
      if (open[0] !== id) complain(index, `the result of ${String(id)} where that of ${open[0]} must come`);
      open = open.slice(1);
    } else open = [];
    for (const call of (calls ?? []) as ToolCall[]) {
      for (const words of complaintsAboutCall(call)) complain(index, words);
      if (ids.has(call.id)) complain(index, `the id ${call.id} occurs twice`);
      ids.add(call.id);
      open.push(call.id);
    }
    if (isBlank(content) && !(role === "assistant" && calls)) complain(index, "the content is blank");
    if ((calls || role === "tool") && !tools?.length) complain(index, "tool messages, and no tools are offered");
  }
  if (messages.length === 0) said.push("there are no messages");
  else if (!["user", "tool"].includes(messages.at(-1)?.role ?? "")) said.push("the last message must be the user's");
  const bytes = Buffer.byteLength(JSON.stringify(messages));
  if (bytes > bytesMax) said.push(`${bytes} bytes, at most ${bytesMax}`);
  return said;
}

function complaintsAboutCall({ id, function: { name, arguments: input } }: ToolCall): string[] {
  const said: string[] = [];
  if (!/^[a-zA-Z0-9]{9}$/.test(id)) said.push(`the id ${id} is not nine letters and digits`);
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) said.push(`the function name ${name} is not legal`);
  const value: unknown = JSON.parse(input);
  if (typeof value !== "object" || value === null || Array.isArray(value)) said.push(`arguments ${input}: no object`);
  return said;
}

function isBlank(content: unknown): boolean {
  if (typeof content === "string") return content.trim() === "";
  if (!Array.isArray(content)) return true;
  return content.length === 0 || content.some(({ type, text }) => type === "text" && String(text).trim() === "");
}
