// The catalogue of close codes: why the server closes a socket, the code that the peer sees and whether the client
// should reconnect (protocol 2). For 1001 and 1011 see RFC 6455 7.4.1.

export interface Close {
  code: number;
  /** At most 123 bytes (RFC 6455 5.5). */
  reason: string;
  comeBack: boolean;
}

export const closes = {
  /** The process closed this one socket. */
  goingAway: { code: 1001, reason: "going away", comeBack: true },
  /** A defect in the server ended this socket's actor. */
  internal: { code: 1011, reason: "internal error", comeBack: true },
  /** A planned stop. */
  restart: { code: 1012, reason: "server restarting", comeBack: true },
  /** It read too slowly: an unanswered ping, too many unsent bytes, or events dropped before it read them. */
  slow: { code: 4001, reason: "reading too slowly", comeBack: true },
  /** No frame and no pong for too long. */
  silent: { code: 4002, reason: "no sign of life", comeBack: true },
  /** Commands kept coming faster than allowed. */
  tooManyRequests: { code: 4003, reason: "too many requests", comeBack: true },
  /** The authorisation was withdrawn. */
  authorisationEnded: { code: 4502, reason: "authorisation ended", comeBack: false },
} as const satisfies Record<string, Close>;
