// One socket as the transport hands it over: what can be done to it, what it tells, and who has come.
import type { Identity } from "../ports/authorisation.ts";

/** The transport's side of one socket. Nothing of it throws on a socket that has gone. */
export interface Socket {
  /** Writes whole frames as they are. */
  write(frames: Buffer): void;
  /** What is written until release() leaves in one piece. */
  hold(): void;
  release(): void;
  ping(payload: string): void;
  close(code: number, reason: string): void;
  /** Cuts the TCP connection. */
  cut(): void;
  /** Bytes the process still holds for it. */
  unsentBytes(): number;
  /** Since when the peer has sent more than is read; undefined when it does not. Monotonic, ms. */
  busySince?(): number | undefined;
  /** What the peer has asked for, and is being read, makes work later: so much of it, ms. */
  began?(ms: number): void;
  /** Nothing more is read of the peer … */
  stopReading?(): void;
  /** … until this. */
  readOn?(): void;
}

/** What the transport tells of one socket. */
export interface SocketListener {
  message(data: Buffer): void;
  pong(payload: string): void;
  /** The peer has sent more than is read for too long. */
  flooding(): void;
  /** The peer broke the protocol and ws is closing the socket with the RFC's code. */
  broken(): void;
  closed(): void;
}

/** Who has come, and how it wants to speak. */
export interface Caller {
  /** The one that was chosen; "" for none. */
  subprotocol: string;
  identity: Identity;
}
