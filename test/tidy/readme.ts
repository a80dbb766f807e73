// What a user can run into has a row in the README: every limit, every close code, every dependency with its reason.

export interface Documented {
  limits: readonly string[];
  closeCodes: readonly number[];
  dependencies: readonly string[];
}

export function undocumented(readme: string | undefined, documented: Documented): string[] {
  if (readme === undefined) return ["README.md: there is none"];
  const rows = readme.split("\n").filter((line) => line.trimStart().startsWith("|"));
  const hasRow = (word: string): boolean => {
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(`(?<![\\w/@.-])${escaped}(?![\\w/-])`);
    return rows.some((row) => pattern.test(row));
  };
  const expected = [
    ...documented.limits.map((name) => ({ word: name, what: `the limit ${name}` })),
    ...[...new Set(documented.closeCodes)].map((code) => ({ word: String(code), what: `the close code ${code}` })),
    ...documented.dependencies.map((name) => ({ word: name, what: `the dependency ${name}` })),
  ];
  return expected.filter(({ word }) => !hasRow(word)).map(({ what }) => `README.md: no table row for ${what}`);
}
