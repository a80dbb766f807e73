// What happens to a chart, as one text: the state, the event, and the transitions that it causes there. The explored
// world and the running server are compared by these.
import type { StateValue } from "xstate";

export const tripleOf = (chart: string, value: StateValue, event: string, taken: readonly string[]): string =>
  `${chart} ${JSON.stringify(value)} on ${event}: ${taken.join(", ") || "nothing"}`;

interface OutOfScope {
  triples: RegExp;
  because: string;
}

/** What a server does and the exploration does not try. */
const outOfScope: readonly OutOfScope[] = [
  { triples: /^connection \{"open".* on ping: /, because: "Pings." },
  {
    triples: /^connection \{"open".* on turn\.over: (nothing|connection\.open\.chatTurn\.running turn\.over 0)$/,
    because: "A socket with turns in two conversations.",
  },
  {
    triples: /^conversation \{"resting".* on (turn\.cancel: nothing|text\.withdraw: )/,
    because: "Commands that find no turn to stop and no text to withdraw.",
  },
  {
    triples: /^(conversation .* on conversation\.leave|gateway .* on gateway\.stop): /,
    because: "The end of the process, and of its conversations.",
  },
  { triples: /^gateway .* on xstate\.done\.actor\./, because: "How the root hears of actors that have ended." },
];

/** In these, what is tried in one state of a region need not be tried beside every state of the other regions. */
const withRegions = /^(connection|gateway) .* on (.*): .* \d+$/;

/** Those that neither the exploration has tried nor the list excuses, as sentences. */
export function untried(seen: Iterable<string>, tried: ReadonlySet<string>): string[] {
  const beside = (triple: string): string =>
    withRegions.test(triple) ? triple.replace(/^(\w+) .*? on /, "$1 on ") : triple;
  const known = new Set([...tried].map(beside));
  return [...seen]
    .filter((triple) => !known.has(beside(triple)) && !outOfScope.some(({ triples }) => triples.test(triple)))
    .map((triple) => `a server does what the exploration has not tried: ${triple}`)
    .sort();
}

/** The reasons of the list, for the report. */
export const outOfScopeBecause: readonly string[] = outOfScope.map(({ because }) => because);
