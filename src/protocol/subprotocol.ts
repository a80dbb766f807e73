// The WebSocket subprotocols of the wire contract, and how one is chosen (protocol 2).

/** The subprotocol with replies, resume and idempotency keys (protocol 2). */
export const v1 = "turnwire.v1";

const base = "turnwire.base";

/** Prefix of the subprotocol that carries a single-use ticket. A client offers it beside the others. */
export const ticketPrefix = "turnwire.ticket.";

/**
 * The subprotocol to select, or undefined for none: `turnwire.v1` if offered, else `turnwire.base`, else the first
 * other one (protocol 2). A ticket is never selected.
 */
export function chooseSubprotocol(offered: Iterable<string>): string | undefined {
  const names = [...offered].filter((name) => !name.startsWith(ticketPrefix));
  return [v1, base].find((name) => names.includes(name)) ?? names[0];
}
