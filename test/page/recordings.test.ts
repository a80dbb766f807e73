// Recordings without a browser: what a file must look like, what a film is in at each moment, and how it plays.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RecordedChange, Recording } from "../../src/diagnostics/inspection/recording.ts";
import { recordingOf as serverRecording } from "../../src/diagnostics/inspection/recording.ts";
import { createFilm } from "../../visualizations/live/film.js";
import { createLog } from "../../visualizations/live/log.js";
import { createPlayback, speeds } from "../../visualizations/live/playback.js";
import { readRecording } from "../../visualizations/live/read-recording.js";
import { recordingOf } from "../../visualizations/live/recording.js";
import { SimulatedClock } from "../support/clock.ts";

const started = (actorId: string, at: number, states: string[]): RecordedChange => {
  return { actorId, type: "started", at, states };
};
const moved = (actorId: string, at: number, event: string, states: string[]): RecordedChange => {
  return { actorId, type: "moved", at, event, handled: true, transitions: [], states };
};

/** A gateway, a socket that ends, and its watch. */
const sample: Recording = serverRecording({
  madeAt: 9,
  about: "a sample",
  actors: [
    { id: "g", chart: "gateway", names: {} },
    { id: "s", chart: "connection", names: { connectionId: "ann" }, parentId: "g" },
    { id: "w", chart: "watch", names: { connectionId: "ann", conversationId: "c" }, parentId: "s" },
  ],
  changes: [
    started("g", 0, ["gateway.up"]),
    started("s", 100, ["connection.open"]),
    started("w", 200, ["watch.joining"]),
    moved("w", 200, "watch.admitted", ["watch.live"]),
    moved("s", 60_200, "socket.stuck", ["connection.closing.because.slow"]),
    { actorId: "s", type: "ended", at: 60_300, states: ["connection.closed"], event: "socket.closed", how: "done" },
  ],
  captions: [
    { from: 1, text: "Ann connects" },
    { from: 4, text: "Ann stops reading" },
  ],
});

const reading = suite("page/recordings: files");

reading("what the server has made is read as it is, and again when it was saved", () => {
  const read = readRecording(JSON.stringify(sample));
  assert.equal(read.changes, sample.changes);
  assert.equal(readRecording(JSON.stringify(read)), read);
});

reading("what a page saves of an actor is read back, and says how many changes are missing and how it ended", () => {
  const log = createLog({ entriesMax: 2 });
  for (const { actorId: _, ...line } of sample.changes) log.add(line);
  const detail = { chart: "connection", names: { connectionId: "ann" }, parentId: "g" };
  const ending = { how: "gone", at: 70_000, event: undefined } as const;
  const { entries, dropped } = log;
  const parts = { madeAt: 1, id: "s", detail, entries: entries.slice(0, 1), dropped };
  const read = readRecording(JSON.stringify(recordingOf({ ...parts, ending })));
  assert.equal(read.actors, [{ id: "s", ...detail, dropped: 4 }]);
  assert.equal(
    read.changes.map(({ type, how }) => [type, how]),
    [
      ["moved", undefined],
      ["ended", "gone"],
    ],
  );
});

const changed = (change: (file: Recording) => void): string => {
  const file: Recording = JSON.parse(JSON.stringify(sample));
  change(file);
  return JSON.stringify(file);
};

/** A file, and the sentence with which it is refused. */
const bad: [text: string, sentence: RegExp][] = [
  ["{", /^The file is not JSON: choose a file that Export,/],
  ["[]", /^The file is \[\]: it must be an object\.$/],
  ["{}", /^format is missing: it must be "turnwire-recording": choose a file/],
  [changed((file) => Object.assign(file, { version: 2 })), /^version is 2: this page reads version 1: open it with/],
  [changed((file) => Object.assign(file, { actors: "all" })), /^actors is "all": it must be a list\.$/],
  [changed((file) => Object.assign(file, { changes: [] })), /^changes is \[\]: there is nothing to play: record while/],
  [changed((file) => Object.assign(file, { madeAt: "now" })), /^madeAt is "now": it must be a number\.$/],
  [
    changed(({ actors }) => Object.assign(actors[1] ?? {}, { chart: "../../secrets" })),
    /^actors\[1\]\.chart is "..\/..\/secrets": it must name a chart, as connection\.$/,
  ],
  [changed(({ actors }) => Object.assign(actors[1] ?? {}, { id: "g" })), /^actors is "two with one id": each actor/],
  [
    changed(({ changes }) => Object.assign(changes[3] ?? {}, { actorId: "x" })),
    /^changes\[3\]\.actorId is "x": it must be the id of one of actors\.$/,
  ],
  [
    changed(({ changes }) => Object.assign(changes[3] ?? {}, { type: "jumped" })),
    /^changes\[3\]\.type is "jumped": it must be one of started, moved, ended, shown, again, gap\.$/,
  ],
  [
    changed(({ changes }) => Object.assign(changes[3] ?? {}, { states: ["a", 7] })),
    /^changes\[3\]\.states\[1\] is 7: it must be a text\.$/,
  ],
  [changed(({ changes }) => Object.assign(changes[3] ?? {}, { event: null })), /^changes\[3\]\.event is null: it must/],
  [changed((file) => Object.assign(file, { captions: [{ from: 1 }] })), /^captions\[0\]\.text is missing: it must be/],
];

for (const [text, sentence] of bad)
  reading(`a bad file is refused with its field and the remedy: ${sentence.source.slice(0, 50)}`, () => {
    assert.throws(() => readRecording(text), sentence);
  });

reading.run();

const playing = suite("page/recordings: playing");

/** A film with its playback, on a clock of its own. */
function played() {
  const clock = new SimulatedClock();
  const film = createFilm(sample);
  let changes = 0;
  const playback = createPlayback({ clock, length: film.length, at: film.at, onChange: () => changes++ });
  return { clock, film, playback, changes: () => changes };
}

playing("a film shows who lives at a moment, in which states, and what was done", () => {
  const { film } = played();
  const cast = (moment: number): string[] => film.cast(moment).map(({ id, states }) => `${id} ${states}`);
  assert.equal(cast(0), []);
  assert.equal(cast(3), ["g gateway.up", "s connection.open", "w watch.joining"]);
  assert.equal(cast(4), ["g gateway.up", "s connection.open", "w watch.live"]);
  assert.equal(cast(6), ["g gateway.up", "w watch.live"]);
  assert.equal([film.first, film.mover(5), film.at(5)], ["s", "s", 60_200]);
  assert.equal([0, 1, 2, 4, 5, 6].map(film.caption), [
    "",
    "",
    "Ann connects",
    "Ann connects",
    "Ann stops reading",
    "Ann stops reading",
  ]);
});

playing("an actor of a film is like a watched one, at the moment that is played", () => {
  const { film, playback } = played();
  const socket = film.watched("s", playback);
  assert.is(film.watched("nobody", playback), undefined);
  assert.match(socket?.trouble ?? "", "has not begun");
  playback.goTo(4);
  assert.equal([socket?.states, socket?.ending, socket?.trouble], [["connection.open"], undefined, undefined]);
  assert.equal(
    socket?.detail?.children?.map(({ id }) => id),
    ["w"],
  );
  assert.is(socket?.detail?.parent?.id, "g");
  playback.goTo(6);
  assert.equal(socket?.ending, { how: "done", at: 60_300, event: "socket.closed" });
});

playing("the log of an actor moves the film: stepping, picking an entry, going to its end", () => {
  const { film, playback } = played();
  const log = film.watched("s", playback)?.log;
  playback.goTo(4);
  assert.equal([log?.shown()?.type, log?.behind()], ["started", 2]);
  log?.step(+1);
  assert.equal([playback.moment, log?.shown()?.event], [5, "socket.stuck"]);
  log?.step(-9);
  assert.is(playback.moment, 2);
  log?.goTo(2);
  assert.is(playback.moment, 5);
  log?.resume();
  assert.equal([playback.moment, log?.behind()], [6, 0]);
});

playing("a film plays to its end, waits no longer than a second for a change, and begins again from there", () => {
  const { clock, playback } = played();
  playback.play();
  clock.advance(80);
  assert.is(playback.moment, 1);
  clock.advance(100 + 100 + 80);
  assert.is(playback.moment, 4);
  clock.advance(999);
  assert.is(playback.moment, 4);
  clock.advance(1 + 100);
  assert.equal([playback.moment, playback.isPlaying, clock.pending], [6, false, 0]);
  playback.play();
  assert.equal([playback.moment, playback.isPlaying], [0, true]);
  playback.pause();
  assert.is(clock.pending, 0);
});

playing("a faster film takes less time and draws no more pictures than can be seen", () => {
  const { clock, playback, changes } = played();
  playback.setSpeed(speeds.at(-1) ?? 0);
  playback.play();
  clock.advance(40);
  assert.equal([playback.moment, playback.isPlaying], [6, false]);
  assert.ok(changes() < 5, `${changes()} pictures`);
});

playing("a step stops the film, and stays within it", () => {
  const { clock, playback } = played();
  playback.play();
  playback.step(+2);
  assert.equal([playback.moment, playback.isPlaying, clock.pending], [2, false, 0]);
  playback.step(-5);
  assert.is(playback.moment, 0);
});

playing.run();
