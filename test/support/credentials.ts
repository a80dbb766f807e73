// Credentials with one admin token, for tests of servers that require a token.
import { Credentials, digestOf } from "../../src/access/credentials.ts";

export const credentialsFor = (token: string): Credentials =>
  new Credentials([{ name: "test", sha256: digestOf(token), scope: "admin" }]);
