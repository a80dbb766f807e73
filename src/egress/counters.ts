// Counts what a gateway has sent to all its sockets since it started. Plain numbers, because the innermost loops
// increment them.
export class EgressCounters {
  /** Writes to sockets, of any kind. */
  writes = 0;
  writtenBytes = 0;
  /** Turn events delivered, counted once for each socket. */
  deliveries = 0;
  /** Writes that carried turn events. */
  deliveryWrites = 0;
  /** Sockets closed by the server, by close code. */
  readonly closes = new Map<string, number>();
  /** Refused requests, by error code. */
  readonly refusals = new Map<string, number>();

  closed(code: number): void {
    count(this.closes, String(code));
  }

  refused(code: string): void {
    count(this.refusals, code);
  }
}

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
