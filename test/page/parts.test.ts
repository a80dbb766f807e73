// The page's small pure parts: sent texts, the list, the URL, back-off and wording.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as backoff from "../../src/page/backoff.js";
import { createList, type StatusChanged } from "../../src/page/conversations.js";
import * as format from "../../src/page/format.js";
import { createOutbox } from "../../src/page/outbox.js";
import * as prose from "../../src/page/prose.js";
import { queuedMessages } from "../../src/page/queue-view.js";
import * as route from "../../src/page/route.js";
import type { ConversationSummary } from "../../src/ports/conversations.ts";
import { closes } from "../../src/protocol/closes.ts";

const parts = suite("page/parts");

// ── sent texts ─────────────────────────────────────────────────────────────────────────────────────────────────────

parts("a sent text is pending until an event shows it", () => {
  const sent = createOutbox();
  sent.add({ text: "hello ", via: "send" });
  sent.seeEvent({ type: "user-message", text: "something else" });
  sent.seeEvent({ type: "text-delta", delta: "hello" });
  assert.is(sent.entries().length, 1);
  sent.seeEvent({ type: "user-message", text: "hello" });
  assert.equal(sent.entries(), []);
});

parts("texts joined into one message all arrived with it, but a repeated text only once", () => {
  const sent = createOutbox();
  for (const text of ["one", "two", "two"]) sent.add({ text, via: "queue" });
  sent.seeEvent({ type: "user-message", text: "one\n\ntwo" });
  assert.equal(
    sent.entries().map((entry) => entry.text),
    ["two"],
  );
  sent.seeEvent({ type: "steering", text: "two" });
  assert.equal(sent.entries(), []);
});

parts("if events contain no texts, the turn that starts belongs to the text that was sent", () => {
  const sent = createOutbox();
  sent.add({ text: "waits", via: "queue" });
  sent.add({ text: "asks", via: "send" });
  sent.seeEvent({ type: "turn-start" });
  assert.equal(
    sent.entries().map((entry) => entry.text),
    ["waits"],
  );
});

parts("the queue confirms each queued text once, and none that was there before", () => {
  const sent = createOutbox();
  sent.add({ text: "same", via: "queue" });
  sent.add({ text: "same", via: "queue" });
  sent.seeQueue([{ id: "old", text: "same" }], new Set(["old"]));
  assert.is(sent.entries().length, 2);
  sent.seeQueue([{ id: "new", text: "same" }], new Set(["old"]));
  assert.is(sent.entries().length, 1);
});

parts("a surface that only looks like the queue shows no texts and causes no error", () => {
  const spec = (payload: unknown) => {
    const field = { kind: "custom", rendererId: "message-queue", payload } as const;
    return { id: "message-queue", region: "r", title: "Queue", fields: [field] };
  };
  const queued = { id: "m", text: "hello" };
  assert.equal(queuedMessages(spec({ messages: [queued, null, "text", { id: 1, text: "x" }] })), [queued]);
  for (const payload of [undefined, null, "x", [], { messages: "none" }]) {
    assert.equal(queuedMessages(spec(payload)), []);
  }
  assert.equal(queuedMessages({ ...spec(undefined), fields: [{ kind: "stat", label: "a", value: "b" }] }), []);
});

parts("a refusal belongs to the oldest text", () => {
  const sent = createOutbox();
  sent.add({ text: "first", via: "send" });
  sent.add({ text: "second", via: "queue" });
  assert.is(sent.takeRefused()?.text, "first");
  assert.is(sent.takeRefused()?.text, "second");
  assert.is(sent.takeRefused(), undefined);
});

parts("after a lost connection, texts unknown to the server are returned, and newer texts stay pending", () => {
  const sent = createOutbox();
  for (const text of ["arrived", "lost", "newer"]) sent.add({ text, via: "send" });
  const candidates = sent.entries().slice(0, 2);
  assert.equal(
    sent.takeLost(candidates, ["arrived"]).map((entry) => entry.text),
    ["lost"],
  );
  assert.equal(
    sent.entries().map((entry) => entry.text),
    ["newer"],
  );
});

// ── the list ───────────────────────────────────────────────────────────────────────────────────────────────────────

const row = (id: string, lastActivityAt: number, title: string | null = id): ConversationSummary => {
  return { id, title, lastActivityAt, createdAt: 0, status: "idle", workspaceId: "default" };
};

const active = (conversationId: string): StatusChanged => {
  return { type: "conversation.statusChanged", conversationId, status: "active", workspaceId: "default" };
};

parts(
  "a change of status moves a conversation to the top, and requests a read of the list if its title is unknown",
  () => {
    const list = createList();
    list.beginReading();
    list.finishReading([row("b", 2), row("a", 1)], 5);
    assert.not(list.addChange(active("a"), 10));
    assert.ok(list.addChange(active("c"), 11));
    assert.equal(
      list.rows().map(({ id, status }) => [id, status]),
      [
        ["c", "active"],
        ["a", "active"],
        ["b", "idle"],
      ],
    );
  },
);

parts("a change during a read of the list is not overwritten by the read", () => {
  const list = createList();
  list.beginReading();
  list.addChange(active("a"), 10);
  list.finishReading([row("a", 1, "Title")], 11);
  assert.is(list.rows()[0]?.status, "active");
  assert.is(list.rows()[0]?.title, "Title");
});

// ── URL, back-off, wording ─────────────────────────────────────────────────────────────────────────────────────────

parts("any id can be encoded in the URL, and a broken URL opens a new conversation", () => {
  for (const id of ["a", "ä/ö?#%", "c1-:2"]) assert.is(route.idOf(route.hashOf(id)), id);
  for (const hash of ["", "#/", "#/c/", "#/c/%E0%A4%A", "#other"]) assert.is(route.idOf(hash), undefined);
});

parts("delays grow, are bounded, and half of each is random", () => {
  assert.is(backoff.reconnectDelayMs(0, 0), 250);
  assert.is(backoff.reconnectDelayMs(0, 1), 500);
  assert.is(backoff.reconnectDelayMs(3, 1), 4_000);
  assert.is(backoff.reconnectDelayMs(500, 1), 20_000);
});

parts("only codes from 4500 to 4999 forbid a reconnection", () => {
  for (const code of [1000, 1001, 1006, 1011, 1012, 4001, 4499]) assert.ok(backoff.comesBack(code));
  for (const code of [4500, 4501, 4502, 4999]) assert.not(backoff.comesBack(code));
});

parts("the page reconnects after exactly those closes for which the server wants it", () => {
  for (const { code, comeBack } of Object.values(closes)) assert.is(backoff.comesBack(code), comeBack, String(code));
});

parts("times and numbers are shown as a person would write them", () => {
  const day = 86_400_000;
  assert.is(format.relativeTime(1_000, 30_000), "now");
  assert.is(format.relativeTime(40_000, 30_000), "now");
  assert.match(format.relativeTime(0, 3 * 60_000), /3 ?m/);
  assert.is(format.relativeTime(0, day), "yesterday");
  assert.match(format.relativeTime(0, 400 * day), /last yr|last year/);
  assert.is(format.duration(340.4), "340 ms");
  assert.is(format.duration(2_440), "2.4 s");
  assert.is(format.duration(185_000), "3 min 5 s");
  assert.is(format.usageText({ inputTokens: 1204, outputTokens: 56 }), "1,204 tokens in, 56 out");
  assert.is(format.endingText("aborted"), "Stopped");
  assert.is(format.endingText("stop"), undefined);
});

parts("one message and several messages are worded correctly", () => {
  const text = (messagesSummarized: number) => format.compactionText({ messagesSummarized, messagesKept: 2 });
  assert.is(text(1), "1 message was summarised, 2 kept.");
  assert.is(text(1_200), "1,200 messages were summarised, 2 kept.");
  assert.is(text(0), "0 messages were summarised, 2 kept.");
});

parts("a title is the first line without its Markdown, and other characters stay", () => {
  const titles: [string | null | undefined, string][] = [
    ["### What to **try**\nNobody owns", "What to try"],
    ["\n  \n- see `code` at [home](https://x.org)", "see code at home"],
    ["> said", "said"],
    ["2. Trial", "2. Trial"],
    ["```js run()``` it", "js run() it"],
    ["2 * 3 * 4 #1 <b>", "2 * 3 * 4 #1 <b>"],
    ["---", "---"],
    ["  ", "Untitled"],
    [null, "Untitled"],
    [undefined, "Untitled"],
  ];
  for (const [title, expected] of titles) assert.is(format.titleText(title), expected);
});

parts("an id created by the page is a random UUID", () => {
  const made = new Set(Array.from({ length: 50 }, () => format.newConversationId(crypto)));
  assert.is(made.size, 50);
  for (const id of made) assert.match(id, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

// ── Markdown ───────────────────────────────────────────────────────────────────────────────────────────────────────

parts("a line's kind depends on its beginning", () => {
  const kinds: [string, object][] = [
    ["plain", { kind: "text", text: "plain" }],
    ["  ", { kind: "blank", text: "" }],
    ["## Two", { kind: "heading", text: "Two", level: 2 }],
    ["#hashtag", { kind: "text", text: "#hashtag" }],
    ["- item", { kind: "bullet", text: "item", depth: 0 }],
    ["\t\t\t\t\t* deep", { kind: "bullet", text: "deep", depth: 3 }],
    ["  3) three", { kind: "number", text: "three", depth: 1, start: 3 }],
    ["> said", { kind: "quote", text: "said" }],
    ["* * *", { kind: "rule", text: "" }],
    ["| a | b |", { kind: "table", text: "| a | b |" }],
    ["```ts", { kind: "fence", text: "", language: "ts" }],
  ];
  for (const [line, expected] of kinds) assert.equal(prose.classifyLine(line), expected, line);
});

parts("a line may become a code fence only while it is the beginning of one", () => {
  for (const line of ["", "`", "``", " ```", "~~"]) assert.ok(prose.mayBecomeFence(line), line);
  assert.not(prose.mayBecomeFence("`code`"));
  assert.ok(prose.closesFence("```  "));
  assert.not(prose.closesFence("```js"));
});

parts("the parts of a line are found, and no text is lost", () => {
  assert.equal(prose.parseInline("a **b** *c* `d*e*` https://x.org/y)."), [
    { kind: "text", text: "a " },
    { kind: "strong", text: "b" },
    { kind: "text", text: " " },
    { kind: "emphasis", text: "c" },
    { kind: "text", text: " " },
    { kind: "code", text: "d*e*" },
    { kind: "text", text: " " },
    { kind: "link", text: "https://x.org/y", href: "https://x.org/y" },
    { kind: "text", text: ")." },
  ]);
  assert.equal(prose.parseInline("[name](https://x.org)"), [{ kind: "link", text: "name", href: "https://x.org" }]);
});

parts("text that only looks like markup stays text", () => {
  for (const line of ["2 * 3 * 4", "a*b*c", "**open", "`open", "[x](javascript:alert(1))", "<img src=x>"]) {
    assert.equal(prose.parseInline(line), [{ kind: "text", text: line }], line);
  }
});

parts.run();
