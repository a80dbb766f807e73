// Which turn events a client is told (protocol 1.3): all of them, or those of the older vocabulary.

/** The older vocabulary lacks these (protocol 1.3, `--event-profile core`). */
const beyondCore: ReadonlySet<string> = new Set(["user-message", "step-complete", "steering", "provider-retry"]);

export type EventProfile = "full" | "core";

/** Does an event of this type belong to the profile? */
export const isInProfile = (profile: EventProfile, type: string): boolean =>
  profile === "full" || !beyondCore.has(type);
