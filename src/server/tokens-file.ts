// The file of tokens (--tokens-file): names, digests and scopes, read at the start, on SIGHUP and when it has changed.
// Must never let a file that cannot be read lock everybody out, or let anybody in: what was good before stays good.
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { type TokenEntry, tokenName } from "../access/credentials.ts";
import type { Limits } from "../limits.ts";
import { type Scope, scopes } from "../ports/authorisation.ts";
import type { Logger } from "../ports/logger.ts";
import type { Clock, Timer } from "../runtime/clock.ts";

/** The message is one sentence that names the file, the entry and the remedy. */
export class TokensFileError extends Error {
  override name = "TokensFileError";
}

const entry = v.strictObject({
  name: tokenName,
  sha256: v.pipe(v.string("must be a string"), v.regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in lower-case hex")),
  scopes: v.pipe(
    v.array(v.picklist(scopes, `must be of ${scopes.join(", ")}`), "must be a list"),
    v.minLength(1, "must name one"),
  ),
});

type FileLimits = Pick<Limits, "tokensMax">;

const file = ({ tokensMax }: FileLimits) =>
  v.strictObject({
    tokens: v.pipe(v.array(entry, "must be a list"), v.maxLength(tokensMax, `may hold ${tokensMax} at most`)),
  });

type FileEntry = v.InferOutput<typeof entry>;

/** @throws TokensFileError */
export function readTokensFile(path: string, limits: FileLimits): TokenEntry[] {
  return entriesIn(path, limits).map((read) => ({ name: read.name, sha256: read.sha256, scope: widest(read.scopes) }));
}

/** Each scope includes the ones before it. */
const widest = (named: readonly Scope[]): Scope => scopes.findLast((scope) => named.includes(scope)) ?? "read";

function entriesIn(path: string, limits: FileLimits): FileEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is no JSON" : error instanceof Error ? error.message : "";
    throw new TokensFileError(`The tokens file ${path} cannot be read (${reason}): ${remedy}.`);
  }
  const result = v.safeParse(file(limits), value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    const where = v.getDotPath(issue) ?? "its content";
    throw new TokensFileError(`The tokens file ${path} is not usable: ${where} ${issue.message}; ${remedy}.`);
  }
  const { tokens } = result.output;
  for (const field of ["name", "sha256"] as const) {
    const seen = new Set<string>();
    for (const token of tokens) {
      if (seen.has(token[field]))
        throw new TokensFileError(`The tokens file ${path} has two tokens of one ${field} (${token.name}): ${remedy}.`);
      seen.add(token[field]);
    }
  }
  return tokens;
}

const remedy = "turnwire token add NAME writes it";

/** Replaces the file in one step, for its owner only, and never while another does. @throws TokensFileError */
export function changeTokensFile(path: string, limits: FileLimits, change: (tokens: FileEntry[]) => FileEntry[]): void {
  const next = `${path}.new`;
  const failed = (error: unknown): TokensFileError => {
    const reason = error instanceof Error ? error.message : String(error);
    const isHeld = error instanceof Error && "code" in error && error.code === "EEXIST";
    const what = isHeld
      ? `another turnwire token is at work; if none is, delete ${next}`
      : "give a directory you may write to";
    return new TokensFileError(`The tokens file ${path} cannot be written (${reason}): ${what}.`);
  };
  let handle: number;
  try {
    // Who has made it is the one who may change the file.
    handle = openSync(next, "wx", 0o600);
  } catch (error) {
    throw failed(error);
  }
  try {
    const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
    const tokens = change(isThere ? entriesIn(path, limits) : []);
    writeFileSync(handle, `${JSON.stringify({ tokens }, undefined, 2)}\n`);
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error instanceof TokensFileError ? error : failed(error);
  } finally {
    closeSync(handle);
  }
}

/** Another text when the file is another one, or has changed. Never throws. */
export function markOf(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : "missing";
  } catch (error) {
    return `unreadable: ${error instanceof Error ? error.message : error}`;
  }
}

export interface TokensFileOptions {
  path: string;
  /** Of the file before it was read for the first time. */
  mark: string;
  clock: Clock;
  logger: Logger;
  limits: Pick<Limits, "tokensMax" | "tokensFilePauseMs">;
  onChange(entries: TokenEntry[]): void;
}

/** Looks at the file several times a second: notifications of file systems are not the same everywhere. */
export class TokensFile {
  readonly #options: TokensFileOptions;
  /** Of the file that was read last. */
  #mark: string;
  #problem = "";
  #timer: Timer | undefined;

  constructor(options: TokensFileOptions) {
    this.#options = options;
    this.#mark = options.mark;
    this.#watch();
  }

  /** Reads it now, whether it has changed or not. What could not be read is tried again with the next look. */
  reload(): void {
    const { path, logger, limits, onChange } = this.#options;
    const mark = markOf(path);
    try {
      const entries = readTokensFile(path, limits);
      this.#mark = mark;
      this.#problem = "";
      onChange(entries);
      logger.info("tokens: read anew", { tokens: entries.length });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Once for each: it is looked at several times a second.
      if (reason !== this.#problem)
        logger.error("tokens: the file is not usable, the tokens before it stay good", { reason });
      this.#problem = reason;
    }
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
  }

  #watch(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      if (markOf(this.#options.path) !== this.#mark) this.reload();
      this.#watch();
    }, this.#options.limits.tokensFilePauseMs);
  }
}
