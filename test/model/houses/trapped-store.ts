// Stores that throw what no store may throw: at a call that a test names, as a broken driver would, or when somebody
// tries again and again without a pause, which would hold the process for ever. Must never touch any other call.
import type { Store } from "../../../src/ports/store.ts";

export type Trap = "append" | "latestSeq";

/** Beside the store, where it can be set: the next call of this name throws. */
export interface Traps {
  next: Trap | undefined;
}

export function trappedStore(inner: Store): { store: Store; traps: Traps } {
  const traps: Traps = { next: undefined };
  const store = new Proxy(inner, {
    get(_, name) {
      const value: unknown = Reflect.get(inner, name);
      if (typeof value !== "function") return value;
      return (...parameters: unknown[]): unknown => {
        if (traps.next === name) {
          traps.next = undefined;
          throw new TypeError(`a defect in ${name}`);
        }
        return value.apply(inner, parameters);
      };
    },
  });
  return { store, traps };
}

/** Tries in one turn of the event loop; nobody has a reason for so many. */
const attemptsMax = 100;

/** A chart that goes round in circles while the store fails would never let the test say so. */
export function unhurriedStore<Wrapped extends Store>(inner: Wrapped): Wrapped {
  let attempts = 0;
  const attempt: Store["attempt"] = (writes) => {
    if (attempts === 0) setImmediate(() => (attempts = 0));
    if (++attempts > attemptsMax) throw new Error(`the store was tried ${attemptsMax} times without a pause`);
    inner.attempt(writes);
  };
  return new Proxy(inner, { get: (_, name) => (name === "attempt" ? attempt : Reflect.get(inner, name)) });
}
