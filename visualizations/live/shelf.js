// The recordings: which one the address names, reading it from the server or from a file, and playing it. What is
// played looks to the rest of the page like a watched actor.
import { messageOf } from "/http.js";
import { createFilm } from "./film.js";
import { createPlayback } from "./playback.js";
import { createPlayerView } from "./player-view.js";
import { readRecording } from "./read-recording.js";
import { createRecordsView } from "./records-view.js";

/**
 * @import { Clock } from "/clock.js"
 * @import { Overview } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Api } from "./api.js"
 * @import { Film } from "./film.js"
 * @import { Playback } from "./playback.js"
 * @import { Watched } from "./watched.js"
 *
 * @typedef {{ film: Film, playback: Playback, recordHash: string }} Reel recordHash: empty for a file.
 */

const listHash = "#/records";
const filmHash = "#/film";
const recordHash = /^#\/record\/([\w-]+)\/([0-9a-z]+)$/;

/**
 * @param {object} options
 * @param {Pick<Api, "overview" | "records" | "record">} options.api
 * @param {Clock} options.clock
 * @param {() => void} options.onChange
 * @param {() => void} options.onOpen what the address names has come
 */
export function createShelf({ api, clock, onChange, onOpen }) {
  /** @type {Reel | undefined} */
  let reel;
  let pickedId = "";
  let isListShown = false;
  let trouble = "";
  /** The hash that is being read. */
  let asked = "";
  let startedAt = 0;
  /** How many records there had been when the list was read. */
  let listedTotal = -1;

  /** @param {{ id: string }} actor */
  const hrefOf = ({ id }) => `${filmHash}/${encodeURIComponent(id)}`;
  const playerView = createPlayerView(hrefOf);
  const recordsView = createRecordsView({
    hrefOf: ({ id }) => `#/record/${id}/${startedAt.toString(36)}`,
    onFile: (file) =>
      file.text().then((text) => {
        if (put(text, "", 0)) go(hrefOf({ id: pickedId }));
        else go(listHash);
      }),
  });

  /** @param {string} hash */
  function go(hash) {
    if (location.hash === hash) onOpen();
    else location.hash = hash;
  }

  /**
   * Puts a recording in; false when it is none.
   * @param {string} text
   * @param {string} hash
   * @param {number} moment
   */
  function put(text, hash, moment) {
    try {
      const film = createFilm(readRecording(text));
      reel?.playback.pause();
      const playback = createPlayback({ clock, length: film.length, at: film.at, onChange });
      playback.goTo(moment);
      reel = { film, playback, recordHash: hash };
      pickedId = film.first;
      trouble = "";
      return true;
    } catch (error) {
      trouble = messageOf(error);
      return false;
    }
  }

  /**
   * @param {string} hash
   * @param {string} id
   * @param {string} run
   */
  async function readRecord(hash, id, run) {
    if (asked === hash) return;
    asked = hash;
    try {
      const overview = await api.overview();
      // Another run of the server gives the same ids to other records.
      if (overview.startedAt.toString(36) !== run) throw new Error("That record is of an earlier run of the server.");
      const text = await api.record(id);
      if (location.hash === hash) put(text, hash, Number.POSITIVE_INFINITY);
    } catch (error) {
      trouble = messageOf(error);
    }
    asked = "";
    if (location.hash !== hash) return;
    if (trouble === "") onOpen();
    else go(listHash);
  }

  return {
    /**
     * Undefined when the address is none of a recording. Without an actor: the list is shown, or it is being read.
     * @param {string} hash
     * @returns {{ watched: Watched | undefined } | undefined}
     */
    open(hash) {
      const [, id, run] = recordHash.exec(hash) ?? [];
      const isFilm = hash === filmHash || hash.startsWith(`${filmHash}/`);
      const isRecord = id !== undefined && run !== undefined;
      if (isRecord && reel?.recordHash !== hash) readRecord(hash, id, run);
      const isPlayed = reel !== undefined && (isFilm || reel.recordHash === hash);
      if (isFilm) pickedId = decoded(hash.slice(filmHash.length + 1));
      const watched = isPlayed ? reel?.film.watched(pickedId || reel.film.first, reel.playback) : undefined;
      isListShown = hash === listHash || (isFilm && !watched);
      if (hash !== listHash) trouble = trouble && isListShown ? trouble : "";
      recordsView.open(isListShown);
      playerView.use(watched && reel?.playback);
      if (!watched) reel?.playback.pause();
      return isListShown || isFilm || isRecord ? { watched } : undefined;
    },
    hrefOf,
    /** @param {Overview} overview the newest */
    async refresh(overview) {
      ({ startedAt } = overview);
      recordsView.count(overview.records);
      if (!isListShown) return;
      if (!overview.records) recordsView.show(undefined);
      else if (overview.records.total !== listedTotal) {
        listedTotal = overview.records.total;
        recordsView.show(await api.records());
      }
    },
    draw() {
      recordsView.complain(trouble);
      if (reel) playerView.show(reel.film, pickedId);
    },
    /**
     * As if the server were asked at the moment that is played. Whether payloads are shown, a file decides.
     * @param {Overview | undefined} overview
     * @returns {Overview | undefined}
     */
    overviewAt: (overview) =>
      overview && reel && { ...overview, at: reel.film.at(reel.playback.moment), payloads: "full" },
  };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
