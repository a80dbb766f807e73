// Runs each example as its reader would. It must print what its opening comment promises, and end by itself.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../support/run.ts";
import { repository } from "../support/working-tree.ts";

const test = suite("examples");

/** The lines that an example prints. */
async function printed(name: string): Promise<string[]> {
  const program = join("examples", name, "main.js");
  const { stdout, stderr } = await run(process.execPath, [program], { cwd: repository, timeout: 30_000 });
  assert.is(stderr, "");
  return stdout.trim().split("\n");
}

interface Message {
  type: string;
  event?: { type: string; delta?: string };
  [field: string]: unknown;
}

const messagesOf = (lines: readonly string[]): Message[] => lines.map((line) => JSON.parse(line));
const eventTypes = (messages: readonly Message[]): string[] => messages.flatMap(({ event }) => event?.type ?? []);
const textOf = (messages: readonly Message[]): string => messages.map(({ event }) => event?.delta ?? "").join("");

const checks: Record<string, (lines: string[]) => void> = {
  "raw-websocket"([request = "", ...lines]) {
    assert.is(request, '→ {"type":"chat.send","conversationId":"c1","message":"tell me more"}');
    const messages = messagesOf(lines);
    assert.is(messages[0]?.type, "catalog");
    assert.is(textOf(messages), "tell me more");
    assert.equal(eventTypes(messages).slice(0, 2), ["user-message", "turn-start"]);
    assert.equal(eventTypes(messages).slice(-2), ["done", "turn-sealed"]);
  },

  resume(lines) {
    const lost = lines.indexOf("the socket is gone, and the answer is still being written");
    assert.equal(lines.slice(lost - 1, lost), ["8 text-delta w5 "]);
    assert.is(lines[lost + 1], "recovered: true");
    assert.match(lines[lost + 2] ?? "", /^9( to \d+)? text-delta w6 /);
    assert.match(lines.at(-2) ?? "", /^36 turn-sealed/);
    assert.is(lines.at(-1), "30 words, from w0 to w29; events 1 to 36 without a hole");
  },

  "own-agent"(lines) {
    const events = lines.map((line) => JSON.parse(line));
    assert.is(events.map(({ delta = "" }) => delta).join(""), "IS! ANYBODY! THERE! ");
    assert.equal(
      events.slice(-2).map(({ type, reason }) => [type, reason]),
      [
        ["done", "stop"],
        ["turn-sealed", undefined],
      ],
    );
  },

  "own-surface"(lines) {
    const [catalog, surface, update, ...more] = messagesOf(lines);
    const stat = (rings: number): RegExp => new RegExp(`"kind":"stat","label":"Rings","value":"${rings}"`);
    assert.match(JSON.stringify(catalog), '{"id":"doorbell","region":"status","title":"Doorbell"}');
    assert.equal([surface?.type, update?.type, more], ["surface", "update", []]);
    assert.match(JSON.stringify(surface), stat(0));
    assert.match(JSON.stringify(update), stat(1));
  },

  tokens(lines) {
    assert.equal(lines, [
      "without a token: 401",
      "the phone sends: 200",
      "the dashboard sends: 403",
      "the dashboard connects with a ticket: hello",
      "the dashboard's token is removed, and its socket closed with 4502",
    ]);
  },

  "in-a-host"(lines) {
    const messages = messagesOf(lines);
    assert.equal(messages[0], { type: "catalog", catalog: [] });
    const expected = ["user-message", "turn-start", "text-delta", "text-delta", "done", "turn-sealed"];
    assert.equal(eventTypes(messages), expected);
    assert.is(textOf(messages), "hello host ");
    assert.equal(
      messages.flatMap(({ status }) => status ?? []),
      ["active", "idle"],
    );
  },
};

test("every example has a check", () => {
  const entries = readdirSync(join(repository, "examples"), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  assert.equal(folders.sort(), Object.keys(checks).sort());
});

for (const [name, check] of Object.entries(checks))
  test(`${name} does what it says`, async () => check(await printed(name)));

test.run();
