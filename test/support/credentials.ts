// Tokens for tests that ask for one.
import { Credentials, digestOf } from "../../src/access/credentials.ts";

export const credentialsFor = (token: string): Credentials =>
  new Credentials([{ name: "test", sha256: digestOf(token), scope: "admin" }]);
