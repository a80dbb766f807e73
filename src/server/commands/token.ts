// `turnwire token`: adds, removes and lists the tokens of a tokens file. A token is printed once, when it is created;
// the file holds only its digest.
import { digestOf } from "../../access/credentials.ts";
import { limits } from "../../limits.ts";
import type { Scope } from "../../ports/authorisation.ts";
import { newToken } from "../own-token.ts";
import { changeTokensFile, readTokensFile, TokensFileError } from "../tokens-file.ts";

export type TokenCommand =
  | { action: "add"; name: string; scopes: Scope[]; file: string }
  | { action: "remove"; name: string; file: string }
  | { action: "list"; file: string };

/** @returns the text for standard output. @throws TokensFileError */
export function runTokenCommand(command: TokenCommand): string {
  const { file } = command;
  if (command.action === "list")
    return readTokensFile(file, limits)
      .map(({ name, scope }) => `${name}\t${scope}`)
      .join("\n");
  const { name } = command;
  if (command.action === "remove") {
    changeTokensFile(file, limits, (tokens) => {
      if (tokens.every((token) => token.name !== name))
        throw new TokensFileError(`The tokens file ${file} has no token "${name}": turnwire token list shows them.`);
      return tokens.filter((token) => token.name !== name);
    });
    return `removed ${name}`;
  }
  const token = newToken();
  changeTokensFile(file, limits, (tokens) => {
    if (tokens.some((one) => one.name === name))
      throw new TokensFileError(`The tokens file ${file} has a token "${name}" already: remove it first.`);
    return [...tokens, { name, sha256: digestOf(token), scopes: command.scopes }];
  });
  return token;
}
