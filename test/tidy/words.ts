// Words that the project once coined, each with the standard term to use. The old words may stay in docs/decisions,
// which record the past, and on the wire, where clients know them.
import { findAll, type Source } from "./source.ts";

const instead: readonly [old: RegExp, word: string][] = [
  [/\bentrance\b/i, "admission queue"],
  [/\bintake\b/i, "fair reader"],
  [/\bears\b/i, "inbound queue"],
  [/\boutlets?\b/i, "socket writer"],
  [/\bleave-?taking\b/i, "drainer"],
  [/\blog-?keeper\b/i, "WAL checkpointer"],
  [/\brefused units?\b/i, "dead letters"],
  [/\bturn-?keeper\b/i, "watchdog"],
  [/\bnewcomers?\b/i, "pending upgrade, new connection or joiner"],
  [/\bvain\b/i, "short-lived"],
  [/\bfurnish\w*\b/i, "compose"],
  [/\bsayGoodbye\b/, "close gracefully"],
  [/\bhouse\b/i, "server, code or fixture"],
  [/\bnews\b/i, "broadcast or change"],
  [/\breceipts?\b/i, "ack"],
];

/** Exceptions: the labels of a metric, and limits under the names that hello announces. */
const limitNames = /newcomersWaitingMax|newcomerBytesMax|receiptWishedMs|vainNewcomer\w*/;
const labels = /newcomers(?=:)|(?<=\.)newcomers|turnwire_intake_waiting/;
const onTheWire = new RegExp(`${limitNames.source}|${labels.source}`, "g");
const exempt = /^(?:docs\/decisions\/|test\/tidy\/|package-lock\.json|LICENSE)/;

/** Finds every old word in code, comments and documents. */
export function oldWords(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => !exempt.test(path))
    .flatMap((source) => {
      const text = source.text.replace(onTheWire, (name) => " ".repeat(name.length));
      return instead.flatMap(([old, word]) =>
        findAll(source, text, new RegExp(old.source, `g${old.flags}`), ([found]) => `"${found}": say ${word}`),
      );
    });
}
