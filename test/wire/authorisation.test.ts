// Two users on one server whose authorisation port knows the owner of each conversation: no data of one user reaches
// the other, whatever the request.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Credentials, digestOf } from "../../src/access/credentials.ts";
import type { Authorisation, AuthorisationQuestion } from "../../src/ports/authorisation.ts";
import type { Client } from "../support/client.ts";
import { type BareGateway, withGateway } from "../support/gateway.ts";

const test = suite("wire: authorisation");

const names = ["ann", "bob"] as const;
const tokenOf = (name: string): string => `the token of ${name}`.replaceAll(" ", "-");

/** Each person may do everything with their own conversations, and may create new ones. */
class Owners implements Authorisation {
  readonly owners = new Map<string, string>([
    ["of-ann", "ann"],
    ["of-bob", "bob"],
  ]);
  readonly asked: AuthorisationQuestion[] = [];

  may(question: AuthorisationQuestion): boolean {
    this.asked.push(question);
    const { identity, conversationId } = question;
    if (conversationId === undefined) return question.action !== "read" || question.surfaceId !== undefined;
    return this.owners.get(conversationId) === identity.name;
  }

  created({ name }: AuthorisationQuestion["identity"], conversationId: string): void {
    this.owners.set(conversationId, name);
  }

  archived(conversationId: string, archiveId: string): void {
    this.owners.set(archiveId, this.owners.get(conversationId) ?? "");
  }
}

interface Fixture {
  bare: BareGateway;
  owners: Owners;
  ann: Client;
  bob: Client;
}

function withTwo(run: (fixture: Fixture) => Promise<void>): Promise<void> {
  const owners = new Owners();
  const credentials = new Credentials(
    names.map((name) => ({ name, sha256: digestOf(tokenOf(name)), scope: "chat" as const })),
  );
  return withGateway({ authorisation: owners, credentials }, async (bare) => {
    const join = (name: string): Promise<Client> =>
      bare.join({ headers: { authorization: `Bearer ${tokenOf(name)}` }, protocols: ["turnwire.v1"] });
    await run({ bare, owners, ann: await join("ann"), bob: await join("bob") });
  });
}

const refused = async (client: Client, message: Record<string, unknown>): Promise<void> => {
  const id = `refused-${Math.random()}`;
  client.send({ ...message, id });
  const { ok, error } = await client.next({ type: "reply", id });
  assert.is(ok, false, JSON.stringify(message));
  const { code, retryable } = error as Record<string, unknown>;
  assert.equal([code, retryable], ["forbidden", false]);
};

test("every request for another user's conversation is forbidden and has no effect", () =>
  withTwo(async ({ bare, bob }) => {
    const conversationId = "of-ann";
    for (const message of [
      { type: "chat.subscribe", conversationId },
      { type: "chat.subscribe", conversationId, after: { epoch: "e", seq: 1 } },
      { type: "chat.send", conversationId, message: "x" },
      { type: "chat.queue", conversationId, text: "x" },
      { type: "chat.cancel", conversationId },
      { type: "chat.queue.cancel", conversationId, messageId: "m" },
      { type: "subscribe", surfaceId: "s", conversationId },
      { type: "invoke", surfaceId: "s", actionId: "a", conversationId },
    ])
      await refused(bob, message);
    assert.equal(
      bare.orchestrator.asked.filter(({ call }) => call !== "isActive"),
      [],
    );
  }));

test("broadcasts of a conversation go only to clients that may read it", () =>
  withTwo(async ({ bare, ann, bob }) => {
    for (const conversationId of ["of-ann", "of-bob"])
      bare.announce({ type: "conversation.open", conversationId, workspaceId: "w" });
    assert.is((await ann.next("conversation.open"))["conversationId"], "of-ann");
    assert.is((await bob.next("conversation.open"))["conversationId"], "of-bob");
    for (const client of [ann, bob]) assert.equal((await client.barrier()) && client.unread("conversation.open"), []);
  }));

test("a conversation that a request creates belongs to its sender, and each user has separate idempotency keys", () =>
  withTwo(async ({ bare, owners, ann, bob }) => {
    const request = { type: "chat.send", message: "the same words", idempotencyKey: "1" };
    ann.send({ ...request, id: "one" });
    const first = await ann.next({ type: "reply", id: "one" });
    const mine = String(first["conversationId"]);
    assert.is(owners.owners.get(mine), "ann");
    bob.send({ ...request, id: "one" });
    const second = await bob.next({ type: "reply", id: "one" });
    assert.is(second["ok"], true);
    assert.is.not(second["conversationId"], mine, "Bob gets a conversation of his own");
    ann.send({ ...request, id: "again" });
    assert.is((await ann.next({ type: "reply", id: "again" }))["conversationId"], mine);
    await refused(bob, { type: "chat.subscribe", conversationId: mine });
    bare.orchestrator.say(mine, "only ann may read this");
    await ann.nextEvent(mine, "text-delta");
    await bob.barrier();
    assert.not.ok(JSON.stringify(bob.received).includes("only ann"));
  }));

test("a remembered reply is not repeated to a client that may no longer read the conversation", () =>
  withTwo(async ({ owners, ann }) => {
    const request = { type: "chat.send", conversationId: "of-ann", message: "x", idempotencyKey: "2" };
    ann.send({ ...request, id: "one" });
    assert.is((await ann.next({ type: "reply", id: "one" }))["ok"], true);
    owners.owners.set("of-ann", "bob");
    await refused(ann, request);
  }));

test("the owner of a conversation also owns its archive", () =>
  withTwo(async ({ bare, owners, ann, bob }) => {
    const figures = { messagesSummarized: 1, messagesKept: 0 };
    bare.announce({ type: "conversation.compacted", conversationId: "of-ann", newConversationId: "old", ...figures });
    await ann.next("conversation.compacted");
    assert.is(owners.owners.get("old"), "ann");
    await refused(bob, { type: "chat.subscribe", conversationId: "old" });
  }));

test.run();
