// The tool `calculator`: evaluates an arithmetic expression with its own parser. Must never evaluate anything else.
import * as v from "valibot";
import type { Tool } from "../../ports/agent.ts";

/** Bounds the parser's recursion: each level of nesting takes stack. */
const expressionCharactersMax = 1_000;

const inputSchema = v.object({ expression: v.string() });

export const calculatorTool: Tool = {
  name: "calculator",
  description: "Evaluates an arithmetic expression: + - * / % (remainder) ^ (power), parentheses, decimal numbers.",
  inputSchema: {
    type: "object",
    properties: { expression: { type: "string", description: 'For example "2 * (3 + 4.5) ^ 2".' } },
    required: ["expression"],
    additionalProperties: false,
  },
  run(input) {
    const parsed = v.safeParse(inputSchema, input);
    if (!parsed.success) throw new Error('calculator: the input must be an object like {"expression": "2 * (3 + 4)"}.');
    return String(evaluate(parsed.output.expression));
  },
};

/**
 * The value, rounded to 15 significant digits, so that 0.1 + 0.2 is 0.3. Powers are right-associative and bind more
 * tightly than a sign (-2 ^ 2 is -4). @throws Error that says what is wrong and where.
 */
export function evaluate(expression: string): number {
  if (expression.length > expressionCharactersMax) {
    throw new Error(`calculator: the expression is longer than ${expressionCharactersMax} characters.`);
  }
  const value = new Parser(expression).value();
  if (!Number.isFinite(value)) throw new Error("calculator: the result is too large or not a real number.");
  return Number(value.toPrecision(15));
}

const numberPattern = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;

/** Recursive descent with one method per level: sum → product → signed → power → primary. */
class Parser {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): number {
    const value = this.#sum();
    if (this.#next() !== undefined) throw this.#unexpected("an operator or the end");
    return value;
  }

  #sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#take("+")) value += this.#product();
      else if (this.#take("-")) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#signed();
    for (;;) {
      if (this.#take("*")) value *= this.#signed();
      else if (this.#take("/")) value /= this.#divisor();
      else if (this.#take("%")) value %= this.#divisor();
      else return value;
    }
  }

  #divisor(): number {
    const value = this.#signed();
    if (value === 0) throw new Error("calculator: division by zero.");
    return value;
  }

  #signed(): number {
    if (this.#take("-")) return -this.#signed();
    if (this.#take("+")) return this.#signed();
    return this.#power();
  }

  #power(): number {
    const base = this.#primary();
    return this.#take("^") ? base ** this.#signed() : base;
  }

  #primary(): number {
    if (this.#take("(")) {
      const value = this.#sum();
      if (!this.#take(")")) throw this.#unexpected('")"');
      return value;
    }
    this.#next();
    numberPattern.lastIndex = this.#position;
    const found = numberPattern.exec(this.#text);
    if (!found) throw this.#unexpected('a number or "("');
    this.#position = numberPattern.lastIndex;
    return Number(found[0]);
  }

  /** The next character other than white space; undefined at the end. */
  #next(): string | undefined {
    while (/\s/.test(this.#text[this.#position] ?? "")) this.#position++;
    return this.#text[this.#position];
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false;
    this.#position++;
    return true;
  }

  #unexpected(expected: string): Error {
    const found = this.#next();
    const what = found === undefined ? "the expression ends" : `there is "${found}"`;
    return new Error(`calculator: at character ${this.#position + 1} ${what} where ${expected} is expected.`);
  }
}
