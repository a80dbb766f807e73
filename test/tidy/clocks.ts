// Restricts time and randomness to one place: machines use neither, and src takes a Clock, which only
// src/runtime/clock.ts implements.
import { mask } from "./mask.ts";
import { findAll, isIn, isPage, isScript, type Source } from "./source.ts";

const chance = /\bMath\s*\.\s*random\b|\bcrypto\b|\brandomUUID\b|\brandomBytes\b/.source;
const time = /\bDate\b|\bperformance\b|\bhrtime\b|(?<![.\w])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/
  .source;
const world = /\bprocess\b|\bconsole\b|\bfetch\s*\(|\bglobalThis\b/.source;
const waiting = /\basync\b|\bawait\b|\bPromise\b|\bfromPromise\b|\.then\s*\(/.source;

/** Finds what is impure or asynchronous in a machine. */
export function impureMachines(sources: readonly Source[]): string[] {
  return sources.filter(isIn("machines")).flatMap((source) => {
    const { code } = mask(source.text);
    return [
      ...findAll(source, code, new RegExp(`${time}|${chance}`, "g"), ([word]) => `\`${word}\`: a machine has no clock`),
      ...findAll(source, code, new RegExp(world, "g"), ([word]) => `\`${word}\`: a machine has no world`),
      ...findAll(source, code, new RegExp(waiting, "g"), ([word]) => `\`${word}\`: a machine is synchronous`),
    ];
  });
}

const clockCalls = new RegExp(
  [
    /\bDate\s*\.\s*now\b/,
    /\bnew\s+Date\s*(?!\s*\(\s*[^\s)])/,
    /\bperformance\s*\.\s*(?:now|timeOrigin)\b/,
    /\bprocess\s*\.\s*hrtime\b/,
    /\bAbortSignal\s*\.\s*timeout\b/,
    /(?<![.\w])(?:setTimeout|setInterval|setImmediate)\s*\(/,
    /\b(?:globalThis|global|window)\s*\.\s*(?:setTimeout|setInterval|setImmediate)\b/,
  ]
    .map((pattern) => pattern.source)
    .join("|"),
  "g",
);

export function clocksOutside(sources: readonly Source[]): string[] {
  return sources
    .filter(
      (source) => isScript(source) && isIn("src")(source) && !isPage(source) && source.path !== "src/runtime/clock.ts",
    )
    .flatMap((source) => {
      const { code, withoutComments } = mask(source.text);
      return [
        ...findAll(source, code, clockCalls, ([word]) => `\`${word.trim()}\`: take a Clock (src/runtime/clock.ts)`),
        ...findAll(source, withoutComments, /["'](?:node:)?timers(?:\/promises)?["']/g, ([word]) => {
          return `imports ${word}: take a Clock (src/runtime/clock.ts)`;
        }),
      ];
    });
}
