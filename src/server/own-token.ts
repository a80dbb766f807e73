// The token that a server makes for itself when nobody has configured one. It is made at the first start and kept in
// the data directory, readable by its owner only; our own commands read it there.
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../ports/guard.ts";
import { ConfigError } from "./config/error.ts";
import { permissionProblem } from "./file-permissions.ts";

const tokenBytes = 32;

export const newToken = (): string => randomBytes(tokenBytes).toString("base64url");

const fileIn = (dataDir: string): string => join(dataDir, "token");

/** @returns undefined when no token has been made there. @throws ConfigError */
export function readOwnToken(dataDir: string): string | undefined {
  const path = fileIn(dataDir);
  const problem = permissionProblem(path, "read");
  if (problem !== undefined) throw new ConfigError(`The token in ${path} is not safe: ${problem}.`);
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new ConfigError(`The token in ${path} cannot be read (${errorMessage(error)}): ${remedy}.`);
  }
  if (/^[\w-]{16,4096}$/.test(text)) return text;
  throw new ConfigError(`The file ${path} holds no token: ${remedy}.`);
}

const remedy = "delete the file, and the next start makes a new one";

/**
 * The token of a data directory, which is made if there is none. Call it only while the directory is held.
 * @param dataDir an existing directory, or ":memory:", where the token lasts as long as the process.
 * @throws ConfigError
 */
export function ownToken(dataDir: string): string {
  if (dataDir === ":memory:") return newToken();
  const known = readOwnToken(dataDir);
  if (known !== undefined) return known;
  const token = newToken();
  const path = fileIn(dataDir);
  try {
    writeFileSync(path, `${token}\n`, { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    throw new ConfigError(
      `The token cannot be written to ${path} (${errorMessage(error)}): make the directory writable.`,
    );
  }
  return token;
}
