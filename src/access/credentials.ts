// The valid tokens and their identities. Only digests are kept, and tokens are looked up by digest, so that timing
// tells an attacker nothing. It must never find an identity whose token has been removed.
import { createHash } from "node:crypto";
import * as v from "valibot";
import type { Identity, Scope } from "../ports/authorisation.ts";

export interface TokenEntry {
  /** Unique among the entries. */
  name: string;
  /** SHA-256 of the token's bytes, in lower-case hex. */
  sha256: string;
  scope: Scope;
}

export const tokenNameRule = "must be 1–64 letters, digits, dots, dashes, underscores or @";
export const tokenName = v.pipe(v.string("must be a string"), v.regex(/^[\w.@-]{1,64}$/, tokenNameRule));

export const digestOf = (token: string): string => createHash("sha256").update(token).digest("hex");

export class Credentials {
  #entries = new Map<string, Identity>();
  #good: ReadonlySet<Identity> = new Set();

  constructor(entries: readonly TokenEntry[]) {
    this.replace(entries);
  }

  find(token: string): Identity | undefined {
    return this.#entries.get(digestOf(token));
  }

  /** Is this identity's token still valid, with the same name and scope? */
  includes(identity: Identity): boolean {
    return this.#good.has(identity);
  }

  /** Makes these the only valid tokens. An unchanged entry keeps its identity object. */
  replace(entries: readonly TokenEntry[]): void {
    const before = this.#entries;
    this.#entries = new Map(
      entries.map(({ name, sha256, scope }) => {
        const known = before.get(sha256);
        return [sha256, known?.name === name && known.scope === scope ? known : Object.freeze({ name, scope })];
      }),
    );
    this.#good = new Set(this.#entries.values());
  }
}
