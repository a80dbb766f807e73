// What an inspector shows where texts are shown: plain data, within a limit, whatever a host's object is.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shown } from "../../src/diagnostics/inspection/shown.ts";

const test = suite("shown");

test("a value is shown as JSON holds it, with errors and big numbers in words", () => {
  const event = {
    type: "x",
    error: new TypeError("because"),
    big: 12n,
    run: () => 1,
    gone: undefined,
    list: [1, null],
  };
  assert.equal(shown(event, 200), { type: "x", error: "TypeError: because", big: "12", list: [1, null] });
  assert.is(shown(undefined, 200), undefined);
});

test("what is too long is cut", () => {
  assert.is(shown({ text: "y".repeat(200) }, 20), '{"text":"yyyyyyyyyyy…');
});

test("what cannot be read costs nothing but its own content", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const hostile = {
    get text(): string {
      throw new Error("not for you");
    },
  };
  assert.match(String(shown(circle, 200)), /^this cannot be shown as JSON: Converting circular/);
  assert.is(shown(hostile, 200), "this cannot be shown as JSON: not for you");
});

test.run();
