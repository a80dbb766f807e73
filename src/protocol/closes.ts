// The catalogue of closes: why the server ends a socket, with the code the peer sees and whether it should come back
// (protocol 2). What the RFC's own codes mean is RFC 6455 7.4.1.

export interface Close {
  code: number;
  /** At most 123 bytes (RFC 6455 5.5). */
  reason: string;
  comeBack: boolean;
}

export const closes = {
  /** The process ended this one socket. */
  goingAway: { code: 1001, reason: "going away", comeBack: true },
  /** A defect of ours ended this socket's actor. */
  internal: { code: 1011, reason: "internal error", comeBack: true },
  /** A planned stop. */
  restart: { code: 1012, reason: "server restarting", comeBack: true },
  /** It did not read: a mark unanswered, too many unsent bytes, or its log was shed. */
  slow: { code: 4001, reason: "reading too slowly", comeBack: true },
  /** No frame and no pong for too long. */
  silent: { code: 4002, reason: "no sign of life", comeBack: true },
  /** Commands kept coming faster than allowed. */
  tooManyRequests: { code: 4003, reason: "too many requests", comeBack: true },
  /** No room for another socket. */
  serverFull: { code: 4004, reason: "server full", comeBack: true },
  /** No right to be here; seen after the upgrade only. */
  notAuthorised: { code: 4501, reason: "not authorised", comeBack: false },
  /** The right was withdrawn. */
  authorisationEnded: { code: 4502, reason: "authorisation ended", comeBack: false },
} as const satisfies Record<string, Close>;
