// JSON that is encoded once for all readers equals the result of JSON.stringify, whatever the object.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cachedJson, objectJson } from "../../src/protocol/json-cache.ts";

const test = suite("json text");

const long = 'a "long" text \\ with\nlines, \u0001, é, 😀 and a lone \ud83d half. '.repeat(200);

test("a text is encoded as JSON.stringify does, the first time and from the cache", () => {
  for (const text of ["", "short", long, long, `${long}.`, long, "x".repeat(2 ** 20 + 1)])
    assert.is(cachedJson(text), JSON.stringify(text));
});

test("an object with a long text is encoded as JSON.stringify does", () => {
  const objects: object[] = [
    { type: "text", text: long },
    { type: "user-message", conversationId: 'c"1', turnId: "t", text: long },
    { text: long, nothing: undefined, none: null, run: () => 1, symbol: Symbol("s"), number: Number.NaN, deep: [long] },
    { 1: long, "": long, 'quo"te': 1 },
    { inner: { text: long } },
    [long, "short"],
    {},
    { text: long, toJSON: () => ({ other: 1 }) },
    { text: long, at: new Date(0) },
    new (class {
      text = long;
      get hidden(): string {
        return "on the prototype";
      }
    })(),
  ];
  for (const object of objects) assert.is(objectJson(object), JSON.stringify(object));
});

test("a value that JSON cannot encode throws as in JSON.stringify", () => {
  const circle: Record<string, unknown> = { text: long };
  circle["self"] = circle;
  assert.throws(() => objectJson(circle), /circular/);
  assert.throws(() => objectJson({ text: long, big: 1n }), /BigInt/);
});

test.run();
