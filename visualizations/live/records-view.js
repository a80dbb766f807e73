// The recordings that can be looked at: what the server's flight recorder has filed, newest first, and any file.
import { byId, element, setText } from "/element.js";
import { createRows } from "/rows.js";
import { duration, nameOf, number, timeOfDay } from "./format.js";
import { makeChip } from "./list-view.js";

/**
 * @import { Row } from "/rows.js"
 * @import { RecordSummary, RecordsFound } from "../../src/diagnostics/inspection/answers.ts"
 */

/**
 * @param {object} options
 * @param {(record: RecordSummary) => string} options.hrefOf
 * @param {(file: File) => void} options.onFile
 */
export function createRecordsView({ hrefOf, onFile }) {
  const badge = element("b", { class: "badge", id: "records-badge", hidden: true });
  byId("figures").after(
    element("a", { class: "to-records", id: "to-records", href: "#/records" }, "Recordings", badge),
  );
  const note = element("p", { class: "quiet", id: "records-note" });
  const list = element("ul", { class: "records", id: "records-list" });
  const input = element("input", { id: "film-file", type: "file", accept: "application/json,.json" });
  const trouble = element("p", { class: "notice", id: "film-trouble", role: "alert", hidden: true });
  const root = element(
    "main",
    { class: "recordings", id: "records", hidden: true },
    element("h1", {}, "Recordings"),
    element("h2", {}, "Actors that ended badly"),
    ...[note, list],
    element("h2", {}, "Play a file"),
    element(
      "p",
      { class: "lead" },
      "One that Export has saved, or npm run simulate -- --record. Or drop it anywhere here.",
    ),
    element("p", {}, element("label", { class: "file" }, "File ", input)),
    trouble,
  );
  byId("detail").after(root);
  const showRows = createRows(list, ({ id }) => id, makeRecord);

  input.onchange = () => {
    const [file] = input.files ?? [];
    if (file) onFile(file);
    // The same file can be chosen again.
    input.value = "";
  };
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file) onFile(file);
  });

  /**
   * @param {RecordSummary} record
   * @returns {Row<RecordSummary>}
   */
  function makeRecord(record) {
    const { actor, state, why, bornAt, endedAt, how } = record;
    const head = element(
      "span",
      { class: "actor-head" },
      element("span", { class: "actor-kind" }, actor.chart),
      element("span", { class: "actor-name" }, nameOf(actor)),
      element("span", { class: "actor-age" }, `${timeOfDay(endedAt)}, lived ${duration(endedAt - bornAt)}`),
    );
    const chips = element("span", { class: "chips" });
    chips.append(state === undefined ? element("span", { class: "chip bad" }, how) : makeChip(state).node);
    const says = element("span", { class: "actor-says" }, why);
    return {
      node: element("li", {}, element("a", { class: "actor", href: hrefOf(record) }, head, chips, says)),
      update() {},
    };
  }

  return {
    /** @param {boolean} isShown */
    open(isShown) {
      root.hidden = !isShown;
    },
    /** @param {{ kept: number } | undefined} records undefined: nothing is recorded */
    count(records) {
      badge.hidden = !records?.kept;
      setText(badge, number(records?.kept ?? 0));
    },
    /** @param {RecordsFound | undefined} found undefined: nothing is recorded */
    show(found) {
      showRows(found?.records ?? []);
      setText(note, found ? noteOf(found) : "Nothing is recorded: the server was started without --inspect=record.");
    },
    /** @param {string} sentence empty: all is well */
    complain(sentence) {
      setText(trouble, sentence);
      trouble.hidden = sentence === "";
    },
  };
}

/** @param {RecordsFound} found */
function noteOf({ total, records }) {
  if (total === 0) return "None since the server's start.";
  const gone = total - records.length;
  return gone === 0
    ? `${number(total)} since the server's start.`
    : `The newest ${number(records.length)}; ${number(gone)} older ones are gone.`;
}
