// Thrown by an agent when its turn cannot continue. The message is shown to the user: it must never contain a stack, a
// key or another user's text.

export class AgentError extends Error {
  override name = "AgentError";
  /** The code of the turn's `error` event. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
