// Decides who may do what: first by the identity's scope, then by the authorisation port, if there is one. It must
// never allow anything unless the port returned exactly true.
import type { Authorisation, AuthorisationQuestion, Identity, Scope } from "../ports/authorisation.ts";
import { scopes } from "../ports/authorisation.ts";
import { errorMessage, ignoreRejection } from "../ports/guard.ts";
import type { Logger } from "../ports/logger.ts";

export type Action = AuthorisationQuestion["action"];
export type Subject = Pick<AuthorisationQuestion, "conversationId" | "surfaceId">;

const scopeFor: Record<Action, Scope> = { read: "read", write: "chat", administer: "admin" };

/** The identity of every client of a server without tokens. */
export const anyone: Identity = Object.freeze({ name: "anyone", scope: "admin" });

export class Authoriser {
  readonly #port: Authorisation | undefined;
  readonly #logger: Logger;

  constructor(port: Authorisation | undefined, logger: Logger) {
    this.#port = port;
    this.#logger = logger;
  }

  /** May every client with a valid token read everything? */
  get readsAreOpen(): boolean {
    return this.#port === undefined;
  }

  /** What can be refused before it is known what the request is about, so that nobody works for it. */
  scopeRefusal({ name, scope }: Identity, action: Action): string | undefined {
    const needed = scopeFor[action];
    if (scopes.indexOf(scope) >= scopes.indexOf(needed)) return undefined;
    return `forbidden: this needs the scope ${needed}, and the token "${name}" has the scope ${scope}`;
  }

  /** The reason for a refusal, in a sentence; undefined when the action is allowed. */
  refusal(identity: Identity, action: Action, subject: Subject = {}): string | undefined {
    const problem = this.scopeRefusal(identity, action);
    if (problem !== undefined) return problem;
    const { name } = identity;
    if (this.#port === undefined || this.#allows({ identity, action, ...subject })) return undefined;
    const { surfaceId } = subject;
    const what = surfaceId === undefined ? "this conversation" : `the surface ${surfaceId}`;
    return `forbidden: the token "${name}" may not ${action} ${what}`;
  }

  may(identity: Identity, action: Action, subject: Subject = {}): boolean {
    return this.refusal(identity, action, subject) === undefined;
  }

  /** Tells the port which identity has created this conversation. */
  created(identity: Identity, conversationId: string): void {
    this.#tell("created", (port) => port.created?.(identity, conversationId));
  }

  /** Tells the port that its rules for a conversation also apply to the archive. */
  archived(conversationId: string, archiveId: string): void {
    this.#tell("archived", (port) => port.archived?.(conversationId, archiveId));
  }

  #tell(what: string, tell: (port: Authorisation) => unknown): void {
    if (this.#port === undefined) return;
    try {
      ignoreRejection(tell(this.#port));
    } catch (error) {
      this.#logger.warn(`authorisation: ${what} threw`, { reason: errorMessage(error) });
    }
  }

  #allows(question: AuthorisationQuestion): boolean {
    try {
      return ignoreRejection(this.#port?.may(question)) === true;
    } catch (error) {
      this.#logger.warn("authorisation: may threw, which refuses", {
        action: question.action,
        reason: errorMessage(error),
      });
      return false;
    }
  }
}
