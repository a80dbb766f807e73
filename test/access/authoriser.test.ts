// Who may do what: scopes first, then the port, which can only take away.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Authoriser } from "../../src/access/authoriser.ts";
import { type AuthorisationQuestion, scopes } from "../../src/ports/authorisation.ts";
import { silentLogger } from "../../src/ports/logger.ts";

const test = suite("the authoriser");

const identities = scopes.map((scope) => ({ name: `with-${scope}`, scope }));
const [reader, chatter, admin] = identities as [(typeof identities)[0], (typeof identities)[0], (typeof identities)[0]];

test("each scope includes the ones before it", () => {
  const authoriser = new Authoriser(undefined, silentLogger);
  const actions = ["read", "write", "administer"] as const;
  assert.equal(
    identities.map((identity) => actions.map((action) => authoriser.may(identity, action))),
    [
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ],
  );
  assert.match(
    authoriser.refusal(reader, "write") ?? "",
    'forbidden: this needs the scope chat, and the token "with-read" has the scope read',
  );
});

test("the port is asked with what it is about, only for what the scope allows, and only `true` lets through", () => {
  const asked: AuthorisationQuestion[] = [];
  const answers: unknown[] = [true, false, undefined, 1, "yes", Promise.resolve(true)];
  const port = {
    may(question: AuthorisationQuestion): boolean {
      asked.push(question);
      return answers.shift() as boolean;
    },
  };
  const authoriser = new Authoriser(port, silentLogger);
  assert.is(authoriser.readsAreOpen, false);
  assert.is(authoriser.may(reader, "write", { conversationId: "c" }), false);
  assert.equal(asked, [], "a scope that does not reach is not asked about");
  const may = Array.from({ length: 6 }, () => authoriser.may(chatter, "write", { conversationId: "c" }));
  assert.equal(may, [true, false, false, false, false, false]);
  assert.equal(asked[0], { identity: chatter, action: "write", conversationId: "c" });
});

test("a port that throws refuses, is logged, and the refusal says nothing of the cause", () => {
  const logged: unknown[] = [];
  const logger = { ...silentLogger, warn: (...line: unknown[]) => void logged.push(line) };
  const port = {
    may(): boolean {
      throw new Error("the directory is away");
    },
  };
  const authoriser = new Authoriser(port, logger);
  assert.is(
    authoriser.refusal(admin, "administer", { surfaceId: "s" }),
    'forbidden: the token "with-admin" may not administer the surface s',
  );
  assert.match(JSON.stringify(logged), "the directory is away");
});

test("a port whose answer is a promise that fails refuses, and the failure ends nobody", async () => {
  const port = { may: () => Promise.reject(new Error("later")) as unknown as boolean };
  const authoriser = new Authoriser(port, silentLogger);
  assert.is(authoriser.may(chatter, "write"), false);
  // An unhandled rejection would end the process by then.
  await new Promise((resolve) => setImmediate(resolve));
});

test("who throws when it is told of what is new costs nobody anything", () => {
  const fails = (): never => {
    throw new Error("away");
  };
  const authoriser = new Authoriser({ may: () => true, created: fails, archived: fails }, silentLogger);
  authoriser.created(chatter, "c");
  authoriser.archived("c", "d");
  assert.is(authoriser.may(chatter, "write"), true);
});

test.run();
