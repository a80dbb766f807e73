// Which turn events are sent to clients (protocol 1.3): all of them, or only those of the older vocabulary.

/** Not in the older vocabulary (protocol 1.3, `--event-profile core`). */
const beyondCore: ReadonlySet<string> = new Set(["user-message", "step-complete", "steering", "provider-retry"]);

export type EventProfile = "full" | "core";

/** Does an event of this type belong to the profile? */
export const isInProfile = (profile: EventProfile, type: string): boolean =>
  profile === "full" || !beyondCore.has(type);
