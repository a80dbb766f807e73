// `turnwire why`: asks a running server over HTTP to explain a conversation or a socket, and prints the sentence and
// the JSON.
export interface WhyCommand {
  what: "conversation" | "connection";
  id: string;
  /** The server's HTTP address. */
  url: string;
  token: string | undefined;
}

/** The message is one sentence for the user. */
export class WhyError extends Error {
  override name = "WhyError";
}

/** @returns the text for standard output. @throws WhyError */
export async function runWhyCommand({ what, id, url, token }: WhyCommand): Promise<string> {
  const address = `${url}/${what}s/${encodeURIComponent(id)}/why`;
  let response: Response;
  try {
    response = await fetch(address, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  } catch {
    throw new WhyError(`No server answers at ${url}: give its --host and --http-port.`);
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new WhyError(`${address} answers ${response.status}: ${fieldOf(answer, "error")}.`);
  return `${fieldOf(answer, "sentence")}\n${JSON.stringify(answer, undefined, 2)}`;
}

function fieldOf(answer: unknown, field: "error" | "sentence"): string {
  const value: unknown = typeof answer === "object" && answer !== null ? Reflect.get(answer, field) : undefined;
  return typeof value === "string" ? value : "no explanation";
}
