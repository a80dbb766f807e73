// The tokens file (--tokens-file): names, digests and scopes. It is read at the start, on SIGHUP and after a change. An
// invalid file must never lock everybody out or let anybody in: the previous tokens stay valid.
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { type TokenEntry, tokenName } from "../access/credentials.ts";
import type { Limits } from "../limits.ts";
import { type Scope, scopes } from "../ports/authorisation.ts";
import { errorMessage } from "../ports/guard.ts";
import type { Logger } from "../ports/logger.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { permissionProblem } from "./file-permissions.ts";

/** The message is one sentence with the file, the entry and the remedy. */
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
  return entriesIn(path, limits).map(({ scopes: named, ...token }) => ({ ...token, scope: widest(named) }));
}

/** Each scope includes the ones before it. */
const widest = (named: readonly Scope[]): Scope => scopes.findLast((scope) => named.includes(scope)) ?? "read";

function entriesIn(path: string, limits: FileLimits): FileEntry[] {
  const problem = permissionProblem(path, "change");
  if (problem !== undefined) throw new TokensFileError(`The tokens file ${path} is not safe: ${problem}.`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is not JSON" : errorMessage(error);
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

/**
 * Replaces the file atomically, with mode 0600. Fails while another process changes it.
 * @throws TokensFileError
 */
export function changeTokensFile(path: string, limits: FileLimits, change: (tokens: FileEntry[]) => FileEntry[]): void {
  const next = `${path}.new`;
  const failed = (error: unknown): TokensFileError => {
    const isHeld = error instanceof Error && "code" in error && error.code === "EEXIST";
    const what = isHeld
      ? `another turnwire token is at work; if none is, delete ${next}`
      : "give a directory you may write to";
    return new TokensFileError(`The tokens file ${path} cannot be written (${errorMessage(error)}): ${what}.`);
  };
  let handle: number;
  try {
    // Creating this file exclusively serves as the lock.
    handle = openSync(next, "wx", 0o600);
  } catch (error) {
    throw failed(error);
  }
  try {
    const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
    const tokens = change(isThere ? entriesIn(path, limits) : []);
    if (tokens.length > limits.tokensMax)
      throw new TokensFileError(
        `The tokens file ${path} holds ${limits.tokensMax} tokens, the maximum: remove one first.`,
      );
    writeFileSync(handle, `${JSON.stringify({ tokens }, undefined, 2)}\n`);
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error instanceof TokensFileError ? error : failed(error);
  } finally {
    closeSync(handle);
  }
}

/** A text that differs when the file was replaced or changed. Never throws. */
export function versionOf(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found ? `${found.ino} ${found.size} ${found.mtimeMs} ${found.mode}` : "missing";
  } catch (error) {
    return `unreadable: ${errorMessage(error)}`;
  }
}

export interface TokensFileOptions {
  path: string;
  /** The file's versionOf before it was first read. */
  version: string;
  clock: Clock;
  logger: Logger;
  limits: Pick<Limits, "tokensMax" | "tokensFilePauseMs">;
  onChange(entries: TokenEntry[]): void;
}

/** Polls the file several times a second, because file system notifications differ between platforms. */
export class TokensFile {
  readonly #options: TokensFileOptions;
  /** Of the file that was last read. */
  #version: string;
  #problem = "";
  #timer: Timer | undefined;

  constructor(options: TokensFileOptions) {
    this.#options = options;
    this.#version = options.version;
    this.#watch();
  }

  /** Reads the file now, changed or not. If that fails, the next poll tries again. */
  reload(): void {
    const { path, logger, limits, onChange } = this.#options;
    const version = versionOf(path);
    try {
      const entries = readTokensFile(path, limits);
      this.#version = version;
      this.#problem = "";
      onChange(entries);
      logger.info("tokens: file read again", { tokens: entries.length });
    } catch (error) {
      const reason = errorMessage(error);
      // Each problem is logged once, because the file is polled several times a second.
      if (reason !== this.#problem)
        logger.error("tokens: the file is invalid, the previous tokens stay valid", { reason });
      this.#problem = reason;
    }
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
  }

  #watch(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      if (versionOf(this.#options.path) !== this.#version) this.reload();
      this.#watch();
    }, this.#options.limits.tokensFilePauseMs);
  }
}
