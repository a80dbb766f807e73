// Tool text that is too long is cut with a note, and never in the middle of a character.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cutToolText, encodedBytes, pieces } from "../../src/protocol/text-size.ts";

const text = suite("tool text");

/** The real size as JSON, without the quotes. */
const jsonBytes = (value: string): number => Buffer.byteLength(JSON.stringify(value)) - 2;
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", '"', "\n", "\u0000", "\u007f", "é", "€", "😀", "\ud83d", "\ude00") }),
);

text("the bytes of any text are counted as JSON writes them", () => {
  fc.assert(fc.property(anyText, (value) => assert.is(encodedBytes(value), jsonBytes(value))));
});

text("a text that fits is unchanged", () => {
  assert.is(cutToolText("short", 1_000), "short");
  assert.is(cutToolText("x".repeat(900), 1_000), "x".repeat(900));
});

text("a text that does not fit is cut with a note that says how much is missing", () => {
  const cut = cutToolText("x".repeat(5_000), 1_000);
  assert.match(cut, /^x+\n\[cut: the first 9\d\d of 5000 characters\]$/);
  assert.ok(jsonBytes(cut) <= 1_000);
  assert.match(cut, new RegExp(`first ${cut.lastIndexOf("x\n") + 1} of`));
});

text("every cut text fits, and no surrogate pair is split", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 80, max: 300 }), (value, bytesMax) => {
      const long = value.repeat(20);
      const cut = cutToolText(long, bytesMax);
      assert.ok(jsonBytes(cut) <= bytesMax);
      if (cut === long) return;
      const kept = cut.slice(0, cut.lastIndexOf("\n[cut: "));
      assert.ok(long.startsWith(kept));
      if (long.isWellFormed()) assert.ok(cut.isWellFormed());
    }),
  );
});

text("the pieces joined are the text, none is longer than allowed, and no surrogate pair is split", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 2, max: 9 }), (value, charactersMax) => {
      const parts = [...pieces(value, charactersMax)];
      assert.is(parts.join(""), value);
      for (const part of parts) assert.ok(part.length <= charactersMax);
      if (value.isWellFormed()) for (const part of parts) assert.ok(part.isWellFormed());
    }),
  );
  assert.equal([...pieces("", 5)], [""]);
});

text.run();
