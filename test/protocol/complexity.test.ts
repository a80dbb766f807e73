// The complexity of large messages is checked before they are parsed.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { type Complexity, complexityOf } from "../../src/protocol/complexity.ts";
import { MessageParser } from "../../src/protocol/parse.ts";

const test = suite("complexity");

const none = Number.POSITIVE_INFINITY;
const unbounded = { openers: none, depth: none, outside: none };
function seen(text: string, bounds: Partial<Complexity> = {}): Pick<Complexity, "openers" | "depth"> {
  const { openers, depth } = complexityOf(Buffer.from(text), { ...unbounded, ...bounds });
  return { openers, depth };
}

/** The same counts, from a walk of the parsed value. */
function walked(value: unknown): { openers: number; depth: number } {
  if (typeof value !== "object" || value === null) return { openers: 0, depth: 0 };
  const parts = Object.values(value).map(walked);
  return {
    openers: 1 + parts.reduce((sum, part) => sum + part.openers, 0),
    depth: 1 + Math.max(0, ...parts.map((part) => part.depth)),
  };
}

test("arrays and objects are counted as the parser finds them, whatever strings contain", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(seen(JSON.stringify(value)), walked(value));
    }),
  );
  assert.equal(seen(String.raw`{"a\\":"[{\"","b":["\\\"]"]}`), { openers: 2, depth: 2 });
});

test("invalid JSON is counted too, and never read past its end", () => {
  for (const text of ["", '"', '"\\', "[[[", "]]]", '{"a', "\\\\\\"]) assert.ok(seen(text).openers <= 3);
});

test("counting ends when a bound is passed", () => {
  assert.equal(seen("[".repeat(1_000), { openers: 10, depth: 1_000 }), { openers: 11, depth: 11 });
  assert.equal(seen("[]".repeat(1_000), { openers: 1_000, depth: 0 }), { openers: 1, depth: 1 });
});

const message = (data: string): string | undefined => {
  const parsed = new MessageParser(limits).parse(Buffer.from(data));
  return "refusal" in parsed ? parsed.refusal.reply.message : undefined;
};

test("megabytes of brackets are refused before they are parsed, with the reason", () => {
  const padding = " ".repeat(limits.messageBytesMax);
  assert.is(
    message(`{"type":"invoke","payload":${"[".repeat(100_000)}`),
    "Invalid message: it is nested deeper than 32 levels",
  );
  const many = `{"type":"chat.send","message":"x","images":[${"{},".repeat(30_000)}{}]}`;
  assert.is(message(many), "Invalid message: it holds more than 10000 arrays and objects");
  const spaces = " ".repeat(32 * limits.messageOpenersMax + 1);
  const outside = `Invalid message: at most ${32 * limits.messageOpenersMax} of its bytes may be outside strings`;
  assert.is(message(`{"type":"chat.send","message":${spaces}"x"}`), outside);
  assert.is(message(`{"type":"chat.send","message":"${spaces}"}`), undefined, "inside a string they are accepted");
  assert.is(
    message(`${padding}{"type":"chat.send","message":"x"}`),
    undefined,
    "a large but simple message is accepted",
  );
});

test.run();
