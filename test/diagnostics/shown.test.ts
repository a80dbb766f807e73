// Values as the inspector shows them when texts are enabled: plain data within a size limit, whatever a host's object
// is.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shown } from "../../src/diagnostics/inspection/shown.ts";

const test = suite("shown");

test("a value is shown as its JSON, with errors and BigInts as text", () => {
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

test("a long value is cut", () => {
  assert.is(shown({ text: "y".repeat(200) }, 20), '{"text":"yyyyyyyyyyy…');
});

test("an unreadable value only loses its own content", () => {
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
