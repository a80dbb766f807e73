// What has gone out to all sockets of a gateway since its start: counted, not kept. Plain numbers, because they are
// counted in the innermost loops.
export class EgressCounters {
  /** Writes to sockets, whatever they carried. */
  writes = 0;
  writtenBytes = 0;
  /** Turn events that were given to a socket, each counted for each socket. */
  deliveries = 0;
  /** Writes that carried those. */
  deliveryWrites = 0;
  /** Sockets that the server closed, by code. */
  readonly closes = new Map<string, number>();
  /** Requests that were refused, by code. */
  readonly refusals = new Map<string, number>();

  closed(code: number): void {
    count(this.closes, String(code));
  }

  refused(code: string): void {
    count(this.refusals, code);
  }
}

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
