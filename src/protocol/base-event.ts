// Turn events as sockets without `turnwire.v1` get them: without the fields that say whose a text is. No event is left
// out. Must never touch an event of another type: a host may use the same names for something else.

const texts: ReadonlySet<string> = new Set(["user-message", "steering"]);
const beyondBase: ReadonlySet<string> = new Set(["messageId", "messageIds", "by", "images"]);

/** The same event, by identity, when it has none of the fields. */
export function baseEvent<Event extends { type: string }>(event: Event): Event | Record<string, unknown> {
  if (!texts.has(event.type) || !Object.keys(event).some((field) => beyondBase.has(field))) return event;
  return Object.fromEntries(Object.entries(event).filter(([field]) => !beyondBase.has(field)));
}
