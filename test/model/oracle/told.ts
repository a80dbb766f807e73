// The fixture of the oracle's unit tests, for handwritten histories: one conversation `c`, some clients, and functions
// that report requests, events and received messages, with the numbers that a server would assign.
import * as assert from "uvu/assert";
import { Oracle } from "../oracle.ts";
import type { Said } from "../view.ts";
import type { Cursor, Request } from "./messages.ts";
import { saidOf } from "./messages.ts";

export type Event = { type: string; delta?: string; text?: string; reason?: string };

export const opening = (text: string): Event => ({ type: "user-message", text });
export const say = (delta: string): Event => ({ type: "text-delta", delta });
export const done: Event = { type: "done", reason: "stop" };
export const sealed: Event = { type: "turn-sealed" };

export const isFine = (oracle: Oracle, atRest = true): void => assert.equal(oracle.problems(atRest), []);
export const isBroken = (oracle: Oracle, says: RegExp, atRest = true): void =>
  assert.match(oracle.problems(atRest).join("\n"), says);

/** A conversation `c`, with Ann and the other named clients connected. */
export function story(...others: string[]) {
  return tell(["Ann", ...others], []);
}

/** Like story, with sockets that speak turnwire.v1. */
export function storyOfV1(...others: string[]) {
  return tell(["Ann", ...others], ["Ann", ...others]);
}

function tell(names: string[], v1: string[]) {
  const refusing = { is: false };
  const oracle = new Oracle({ surfaceIds: ["panel"], bytesAtOnceMax: 2_000, mayRefuse: () => refusing.is });
  for (const name of names) oracle.connects(name, { isV1: v1.includes(name) });
  const numbered = (name: string, event: Event & { turnId: string }, number: object): void =>
    oracle.receives(name, {
      type: "chat.delta",
      event: { ...event, conversationId: "c" },
      epoch: "e",
      ...number,
    });
  return {
    oracle,
    refusing,
    numbered,
    emits: (turnId: string, ...events: Event[]): void => {
      for (const event of events) oracle.emits({ ...event, conversationId: "c", turnId });
    },
    hears: (name: string, turnId: string, ...events: Event[]): void => {
      for (const event of events) numbered(name, { ...event, turnId }, numberOf(oracle, saidOf({ ...event, turnId })));
    },
    pongs: (name: string): void => oracle.receives(name, { type: "pong" }),
    posts: (name: string, ...types: ("chat.subscribe" | "chat.unsubscribe" | "ping")[]): void => {
      for (const type of types) oracle.posts(name, type === "ping" ? { type } : { type, conversationId: "c" });
    },
    asks: (name: string, request: Request): void => oracle.posts(name, request),
    replies: (name: string, id: string, contents: object): void =>
      oracle.receives(name, { type: "reply", id, ok: true, ...contents }),
    refuses: (name: string, id: string, code: string, message: string, retryable: boolean): void =>
      oracle.receives(name, { type: "reply", id, ok: false, error: { code, message, retryable } }),
    verdict: (name: string, { epoch, seq }: Cursor, turnId: string | null, recovered: boolean): void =>
      oracle.receives(name, { type: "chat.subscribed", conversationId: "c", epoch, seq, turnId, recovered }),
    /** Starts a turn that Ann has requested. */
    begins: (turnId: string): void => {
      oracle.posts("Ann", { type: "chat.send", conversationId: "c", message: turnId });
      const hear = oracle.port.asksForTurn("c", turnId);
      oracle.emits({ ...opening(turnId), conversationId: "c", turnId });
      hear({ started: true, turnId });
    },
    surface: (type: "surface" | "update", version: number): void => {
      const spec = { id: "panel", fields: [{ payload: version }] };
      oracle.receives("Ann", type === "surface" ? { type, spec } : { type, update: { surfaceId: "panel", spec } });
    },
  };
}

/** The number of an event of conversation `c`: its position, counted from 1. A joined delta also has `fromSeq`. */
function numberOf(oracle: Oracle, got: Said): { seq: number; fromSeq?: number } {
  const { emitted } = oracle.conversation("c");
  const isFirst = (said: Said): boolean =>
    said.turnId === got.turnId && said.type === got.type && (got.text ?? "").startsWith(said.text ?? "");
  const first = emitted.findIndex(isFirst);
  let last = first;
  for (let text = emitted[first]?.text ?? ""; text.length < (got.text ?? "").length && last < emitted.length; )
    text += emitted[++last]?.text ?? "";
  return { seq: last + 1, ...(last > first && { fromSeq: first + 1 }) };
}
