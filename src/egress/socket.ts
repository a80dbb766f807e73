// The transport's contract for one socket: what the server can do to it, what it reports, and who its peer is.
import type { Identity } from "../ports/authorisation.ts";

/** The transport's side of one socket. No method throws when the socket is already closed. */
export interface Socket {
  /** Writes whole, encoded WebSocket frames. */
  write(frames: Buffer): void;
  /** Everything written until release() leaves in one system call. */
  hold(): void;
  release(): void;
  ping(payload: string): void;
  close(code: number, reason: string): void;
  /** Destroys the TCP connection without a close frame. */
  cut(): void;
  /** Bytes that this process buffers for it, not yet taken by the kernel. */
  unsentBytes(): number;
  /** Since when the peer has been sending faster than it is read; undefined when it is not. Monotonic, ms. */
  busySince?(): number | undefined;
  /** The request being read causes later work. @param ms how much of it to charge to the peer. */
  began?(ms: number): void;
  stopReading?(): void;
  /** Resumes reading after stopReading(). */
  readOn?(): void;
}

/** What the transport reports about one socket. */
export interface SocketListener {
  message(data: Buffer): void;
  pong(payload: string): void;
  /** The peer has been sending faster than it is read for limits.inputBusyMsMax. */
  flooding(): void;
  /** The peer violated RFC 6455 and ws is closing the socket with the RFC's code, or TCP failed. */
  broken(): void;
  closed(): void;
}

/** The peer of a new socket. */
export interface Caller {
  /** The negotiated subprotocol; "" for none. */
  subprotocol: string;
  identity: Identity;
}
