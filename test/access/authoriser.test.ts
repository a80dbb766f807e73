// Permissions: first the scope of the token, then the authorisation port, which can only remove permissions.
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

test("the port is asked with full context, only for what the scope allows, and only `true` grants permission", () => {
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
  assert.equal(asked, [], "the port is not asked beyond the scope");
  const may = Array.from({ length: 6 }, () => authoriser.may(chatter, "write", { conversationId: "c" }));
  assert.equal(may, [true, false, false, false, false, false]);
  assert.equal(asked[0], { identity: chatter, action: "write", conversationId: "c" });
});

test("a port that throws refuses, the error is logged, and the refusal does not mention the cause", () => {
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

test("a port that answers with a rejecting promise refuses, and the rejection is handled", async () => {
  const port = { may: () => Promise.reject(new Error("later")) as unknown as boolean };
  const authoriser = new Authoriser(port, silentLogger);
  assert.is(authoriser.may(chatter, "write"), false);
  // An unhandled rejection would end the process by then.
  await new Promise((resolve) => setImmediate(resolve));
});

test("a port that throws in its notifications has no effect", () => {
  const fails = (): never => {
    throw new Error("away");
  };
  const authoriser = new Authoriser({ may: () => true, created: fails, archived: fails }, silentLogger);
  authoriser.created(chatter, "c");
  authoriser.archived("c", "d");
  assert.is(authoriser.may(chatter, "write"), true);
});

test.run();
