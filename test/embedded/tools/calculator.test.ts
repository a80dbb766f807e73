// The calculator: the expressions that it evaluates, and its errors for all others.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { calculatorTool, evaluate } from "../../../src/embedded/tools/calculator.ts";

const tool = suite("tool calculator");

const context = { signal: new AbortController().signal, cwd: undefined, onOutput: () => {} };

tool("evaluates expressions", () => {
  const cases: [string, number][] = [
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["10 - 4 - 3", 3],
    ["100 / 10 / 5", 2],
    ["7 % 4 * 2", 6],
    ["2 ^ 3 ^ 2", 512],
    ["-2 ^ 2", -4],
    ["(-2) ^ 2", 4],
    ["2 ^ -1", 0.5],
    ["--5 + +3", 8],
    [".5 + 1. + 1.25", 2.75],
    ["0.1 + 0.2", 0.3],
    ["1e3 + 2E-1", 1000.2],
    [" \n42\t", 42],
    ["((((1))))", 1],
    ["9007199254740991", 9007199254740990],
  ];
  for (const [expression, value] of cases) assert.is(evaluate(expression), value, expression);
});

tool("agrees with JavaScript on sums, products and parentheses", () => {
  const expression = fc.letrec<{ whole: string }>((tie) => ({
    whole: fc.oneof(
      { depthSize: "small" },
      fc.integer({ min: 0, max: 999 }).map(String),
      fc.tuple(tie("whole"), fc.constantFrom("+", "-", "*"), tie("whole")).map(([a, o, b]) => `(${a} ${o} ${b})`),
      tie("whole").map((inner) => `-(${inner})`),
    ),
  })).whole;
  fc.assert(
    fc.property(expression, (text) => {
      fc.pre(text.length <= 1_000);
      const expected: unknown = new Function(`return ${text}`)();
      assert.is(evaluate(text), Number(Number(expected).toPrecision(15)));
    }),
  );
});

tool("the error says what is wrong and where", () => {
  const cases: [string, RegExp][] = [
    ["", /at character 1 the expression ends where a number or "\(" is expected/],
    ["1 +", /at character 4 the expression ends where a number/],
    ["1 2", /at character 3 there is "2" where an operator or the end is expected/],
    ["(1 + 2", /at character 7 the expression ends where "\)" is expected/],
    ["2 ** 3", /at character 4 there is "\*"/],
    ["process.exit()", /at character 1 there is "p"/],
    ["1; 2", /there is ";"/],
    ["1 / 0", /division by zero/],
    ["1 % (2 - 2)", /division by zero/],
    ["9 ^ 9 ^ 9", /too large or not a real number/],
    ["(-8) ^ 0.5", /too large or not a real number/],
    ["1".repeat(1_001), /longer than 1000 characters/],
  ];
  for (const [expression, message] of cases) assert.throws(() => evaluate(expression), message);
});

tool("the deepest allowed nesting works", () => {
  assert.is(evaluate(`${"(".repeat(499)}1${")".repeat(499)}`), 1);
  assert.is(evaluate(`${"-".repeat(998)}1`), 1);
});

tool("takes its input from an object and returns text", () => {
  assert.is(calculatorTool.run({ expression: "6 * 7" }, context), "42");
  for (const input of [{}, "6 * 7", null, { expression: 5 }]) {
    assert.throws(() => calculatorTool.run(input, context), /must be an object like \{"expression"/);
  }
});

tool.run();
