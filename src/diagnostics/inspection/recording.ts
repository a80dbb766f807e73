// What some actors have done, in order, as a file that the page plays: a record of the server, an export of the page,
// or a simulated run.
import type { ActorNames } from "./actor.ts";

const recordingFormat = "turnwire-recording";
/** A page reads the files of its own version only. */
const recordingVersion = 1;

export interface Recording {
  format: typeof recordingFormat;
  version: typeof recordingVersion;
  /** Milliseconds since the epoch. */
  madeAt: number;
  /** What it is a recording of, in words. */
  about: string;
  /** In the order of their appearance. */
  actors: RecordedActor[];
  /** Of all actors, in order. */
  changes: RecordedChange[];
  /** What was done to them, for a reader: each holds from the change with this index on. */
  captions?: { from: number; text: string }[];
}

export interface RecordedActor {
  /** Any text that is no other actor's in this file. */
  id: string;
  chart: string;
  names: ActorNames;
  parentId?: string | undefined;
  /** How many of its first changes were not kept. */
  dropped?: number;
}

export interface RecordedChange {
  actorId: string;
  /** The page's own: "shown" and "again", it began to watch; "gap", changes may be missing. */
  type: "started" | "moved" | "ended" | "shown" | "again" | "gap";
  /** Milliseconds since the epoch, or of a simulated clock. */
  at: number;
  /** Ids of the innermost active states after it. */
  states: string[];
  event?: string | undefined;
  from?: string | undefined;
  handled?: boolean;
  transitions?: string[];
  actions?: string[];
  refusedBy?: string[];
  declared?: "ignores" | "neverGets" | undefined;
  /** Of an end. */
  how?: string;
  payload?: unknown;
  /** A later version may say more; a reader keeps what it does not know. */
  [more: string]: unknown;
}

export const recordingOf = (parts: Omit<Recording, "format" | "version">): Recording => ({
  format: recordingFormat,
  version: recordingVersion,
  ...parts,
});
