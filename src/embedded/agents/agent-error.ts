// What an agent throws when its turn cannot go on. The message is for the person who waits for the answer: it must
// never hold a stack, a key or somebody else's text.

export class AgentError extends Error {
  override name = "AgentError";
  /** Goes into the turn's `error` event. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
