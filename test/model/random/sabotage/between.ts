// Breaks a server at its sockets: changes the messages between the server and a socket, in both directions. Must never
// break a frame, because every client could see that.

import type { Socket } from "../../../../src/egress/socket.ts";
import type { Orchestrator } from "../../../../src/ports/orchestrator.ts";
import { encodeFrame } from "../../../../src/protocol/frame.ts";
import { isMessage, isRecord, type Message } from "../../../support/client/transcript.ts";
import { textsIn } from "../../../support/socket.ts";
import type { Between } from "../server.ts";

export interface Sabotage {
  between?: Between;
  orchestrator?: (orchestrator: Orchestrator) => Orchestrator;
}

/** Changes the messages of one socket. */
export interface Meddler {
  /** A message from the client. The returned messages reach the server. */
  into?(message: Message): Message[];
  /** A message from the server. The returned messages reach the client. */
  out?(message: Message): Message[];
}

/** Lets a meddler write further messages to the client, at once or after a delay. */
export interface Writer {
  now(message: Message): void;
  later(message: Message): void;
}

/** Delay of a late message: long enough that its receiver may have left or received other messages. */
const lateMs = 4;

const messageIn = (text: string): Message | undefined => {
  try {
    const message: unknown = JSON.parse(text);
    return isMessage(message) ? message : undefined;
  } catch {
    return undefined;
  }
};

/** @param meddle is called for each socket. */
export function between(meddle: (writer: Writer, subprotocol: string) => Meddler): Between {
  return (accept, socket, subprotocol) => {
    const write = (messages: Message[]): void => {
      if (messages.length > 0)
        socket.write(Buffer.concat(messages.map((message) => encodeFrame(JSON.stringify(message)))));
    };
    const writer: Writer = {
      now: (message) => write([message]),
      later: (message) => void setTimeout(() => write([message]), lateMs),
    };
    const { into, out = (message) => [message] } = meddle(writer, subprotocol);
    const changed: Socket = {
      write: (frames) => write(textsIn(frames).map(messageIn).filter(isMessage).flatMap(out)),
      hold: () => socket.hold(),
      release: () => socket.release(),
      ping: (payload) => socket.ping(payload),
      close: (code, reason) => socket.close(code, reason),
      cut: () => socket.cut(),
      unsentBytes: () => socket.unsentBytes(),
    };
    const listener = accept(changed, subprotocol);
    if (!into || !listener) return listener;
    return {
      message(data) {
        const message = messageIn(String(data));
        if (!message) listener.message(data);
        else for (const one of into(message)) listener.message(Buffer.from(JSON.stringify(one)));
      },
      pong: (payload) => listener.pong(payload),
      broken: () => listener.broken(),
      flooding: () => listener.flooding(),
      closed: () => listener.closed(),
    };
  };
}

/** Replaces one message. `count`: how many of its kind have come, over all sockets. */
type Change = (message: Message, count: number, later: (message: Message) => void) => Message[];

/** Changes outgoing messages of one type, or with an event of one type. */
export function changing(type: RegExp, change: Change): Sabotage {
  let count = 0;
  const isMeant = ({ type: own, event }: Message): boolean => type.test(isRecord(event) ? String(event["type"]) : own);
  const meddle = ({ later }: Writer): Meddler => ({
    out: (message) => (isMeant(message) ? change(message, ++count, later) : [message]),
  });
  return { between: between(meddle) };
}

/** Changes incoming messages of one type. */
export function hearing(type: RegExp, change: (message: Message, count: number) => Message): Sabotage {
  let count = 0;
  const into = (message: Message): Message[] => [type.test(message.type) ? change(message, ++count) : message];
  return { between: between(() => ({ into })) };
}

export const every =
  (nth: number, then: (message: Message, later: (message: Message) => void) => Message[]): Change =>
  (message, count, later) =>
    count % nth === 0 ? then(message, later) : [message];

/** The same message with other fields in its event. */
export const withEvent = (message: Message, fields: object): Message =>
  isRecord(message["event"]) ? { ...message, event: { ...message["event"], ...fields } } : message;
