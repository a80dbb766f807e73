// Environment variables that begin like ours and are none: most are misspelt.

/** @returns a sentence for each. */
export function unknownVariables(given: Iterable<string>, known: readonly string[]): string[] {
  return [...given]
    .filter((name) => name.startsWith("TURNWIRE_") && !known.includes(name))
    .map((name) => {
      const near = known.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? "";
      const meant = distance(name, near) <= 3 ? `did you mean ${near}?` : "turnwire --help lists all variables.";
      return `${name} is set, and turnwire knows no such variable: ${meant}`;
    });
}

/** How many letters must be changed, added or taken away (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (const [index, other] of [...b].entries())
      next.push(
        Math.min((row[index] ?? 0) + Number(letter !== other), (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
