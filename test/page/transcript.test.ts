// What the page shows of a conversation, in whatever order replay, live events and history arrive.
import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  addEarlier,
  addHistory,
  addMetrics,
  continuesHistory,
  forgetHistory,
  showStored,
} from "../../src/page/transcript/history.js";
import { addDelta, rejoin, settle } from "../../src/page/transcript/live.js";
import { createTranscript, type Delta, runningTurn, type Transcript } from "../../src/page/transcript.js";
import type { StoredChunk } from "../../src/protocol/chunk.ts";
import { Script, shown, storedTurn } from "../support/page-events.ts";

const transcript = suite("page/transcript");

const hearAll = (into: Transcript, deltas: Delta[]): void => {
  for (const delta of deltas) assert.is(addDelta(into, delta), "added");
};

transcript("a turn followed from its start is shown word by word, until it is sealed", () => {
  const into = createTranscript();
  const script = new Script();
  hearAll(into, script.opening("t1", "hi"));
  assert.is(runningTurn(into)?.turnId, "t1");
  hearAll(into, script.words("t1", ["Hel", "lo"]));
  assert.equal(shown(into), ["hi > Hello"]);
  hearAll(into, script.ending("t1"));
  assert.is(runningTurn(into), undefined);
  assert.is(into.turns[0]?.durationMs, 5);
  assert.is(into.turns[0]?.reason, "stop");
});

transcript("every kind of event is shown in its place in the answer", () => {
  const into = createTranscript();
  const script = new Script();
  const say = (body: Parameters<Script["delta"]>[1]) => hearAll(into, [script.delta("t1", body)]);
  hearAll(into, script.opening("t1", "go"));
  say({ type: "provider-retry", attempt: 0, delayMs: 500, message: "busy" });
  say({ type: "reasoning-delta", delta: "hm" });
  say({ type: "tool-call", stepId: "s", toolCallId: "a", toolName: "clock", input: {} });
  say({ type: "tool-output", toolCallId: "a", data: "tick", stream: "stdout" });
  say({ type: "tool-output", toolCallId: "unknown", data: "lost", stream: "stdout" });
  say({ type: "tool-result", stepId: "s", toolCallId: "a", toolName: "clock", content: "noon", isError: false });
  say({ type: "tool-result", stepId: "s", toolCallId: "b", toolName: "late", content: "uncalled", isError: true });
  say({ type: "usage", usage: { inputTokens: 1, outputTokens: 2 } });
  say({ type: "usage", usage: { inputTokens: 10, outputTokens: 20, cacheReadTokens: 3 } });
  say({ type: "step-complete", stepId: "s" });
  say({ type: "steering", text: "shorter" });
  say({ type: "text-delta", delta: "It is " });
  say({ type: "text-delta", delta: "noon." });
  say({ type: "error", message: "broke", code: "x" });
  say({ type: "done", reason: "error" });
  const turn = into.turns[0];
  assert.equal(
    turn?.answer.map((block) => block.kind),
    ["retry", "reasoning", "tool", "tool", "steering", "text", "error"],
  );
  assert.equal(turn?.answer[2], {
    ...{ kind: "tool", toolCallId: "a", toolName: "clock", input: {} },
    outputs: [{ data: "tick", stream: "stdout" }],
    result: { content: "noon", isError: false, durationMs: undefined },
  });
  assert.equal(turn?.answer[5], { kind: "text", parts: ["It is ", "noon."] });
  assert.equal(turn?.usage, { inputTokens: 11, outputTokens: 22, cacheReadTokens: 3 });
});

transcript("an event of an unknown kind changes nothing on the page", () => {
  const into = createTranscript();
  const script = new Script();
  hearAll(into, script.opening("t1", "hi"));
  const strange = script.delta("t1", { type: "turn-start" });
  Object.assign(strange.event, { type: "someone-elses" });
  hearAll(into, [strange, ...script.words("t1", ["ok"])]);
  assert.equal(shown(into), ["hi > ok"]);
});

transcript("a turn from the history looks like the same turn followed live", () => {
  const chunks: StoredChunk[] = [
    { seq: 1, role: "user", turnId: "t1", chunk: { type: "text", text: "go" } },
    { seq: 2, role: "user", turnId: "t1", chunk: { type: "image", url: "data:image/png;base64,x" } },
    { seq: 3, role: "assistant", turnId: "t1", chunk: { type: "thinking", text: "hm" } },
    { seq: 4, role: "assistant", turnId: "t1", chunk: { type: "tool-call", toolCallId: "a", toolName: "t", input: 1 } },
    {
      seq: 5,
      role: "tool",
      turnId: "t1",
      chunk: { type: "tool-result", toolCallId: "a", toolName: "t", content: "noon", isError: false },
    },
    { seq: 6, role: "user", turnId: "t1", chunk: { type: "text", text: "shorter" } },
    { seq: 7, role: "assistant", turnId: "t1", chunk: { type: "text", text: "Noon." } },
    { seq: 8, role: "assistant", turnId: "t1", chunk: { type: "error", message: "broke" } },
  ];
  const into = createTranscript();
  addHistory(into, { chunks });
  assert.equal(shown(into), ["go+data:image/png;base64,x > reasoning(hm) tool(noon) steering(shorter) Noon. error()"]);
  assert.is(into.latestSeq, 8);
});

transcript("chunks without a turn are separated by their role", () => {
  const chunks: StoredChunk[] = [
    { seq: 1, role: "system", chunk: { type: "system", text: "before" } },
    { seq: 2, role: "user", chunk: { type: "text", text: "a" } },
    { seq: 3, role: "assistant", chunk: { type: "text", text: "b" } },
    { seq: 4, role: "assistant", chunk: { type: "image", url: "https://x/y" } },
    { seq: 5, role: "user", chunk: { type: "text", text: "c" } },
    { seq: 6, role: "system", chunk: { type: "text", text: "d" } },
  ];
  const into = createTranscript();
  addHistory(into, { chunks });
  assert.equal(shown(into), [" > system(before)", "a > b image(https://x/y)", "c > system(d)"]);
});

transcript("history and replay of the same turn are shown once, in either order", () => {
  const chunks = storedTurn("t1", 1, "hi", "Hello");
  for (const isHistoryFirst of [true, false]) {
    const into = createTranscript();
    const deltas = new Script().turn("t1", "hi", ["Hel", "lo"]);
    if (isHistoryFirst) addHistory(into, { chunks });
    hearAll(into, deltas);
    if (!isHistoryFirst) addHistory(into, { chunks });
    addHistory(into, { chunks });
    assert.equal(shown(into), ["hi > Hello"]);
  }
});

transcript("a joined delta that continues the sequence is not a gap", () => {
  const into = createTranscript();
  const script = new Script();
  hearAll(into, script.opening("t1", "hi"));
  hearAll(into, [script.joined("t1", ["a ", "b ", "c "]), ...script.words("t1", ["d"])]);
  assert.equal(shown(into), ["hi > a b c d"]);
});

transcript("a repeated event is ignored, a missing one is detected, and neither changes the page", () => {
  const into = createTranscript();
  const script = new Script();
  const opening = script.opening("t1", "hi");
  const [first, second, third] = script.words("t1", ["a", "b", "c"]);
  assert.ok(first && second && third && opening[1]);
  hearAll(into, [...opening, first]);
  assert.is(addDelta(into, first), "repeated");
  assert.is(addDelta(into, third), "hole");
  assert.is(addDelta(into, { ...third, fromSeq: opening[1].seq }), "hole");
  assert.equal(shown(into), ["hi > a"]);
  hearAll(into, [second, third]);
  assert.equal(shown(into), ["hi > abc"]);
});

transcript("a new epoch that does not begin at 1 has a gap", () => {
  const into = createTranscript();
  hearAll(into, new Script("e1").turn("t1", "hi", ["a"]));
  const [late] = new Script("e2", 4).words("t2", ["x"]);
  assert.ok(late);
  assert.is(addDelta(into, late), "hole");
  hearAll(into, new Script("e2").turn("t2", "ho", ["b"]));
  assert.equal(shown(into), ["hi > a", "ho > b"]);
});

transcript("after a reconnection the answer never shrinks during its replay", () => {
  const into = createTranscript();
  const script = new Script();
  const opening = script.opening("t1", "hi");
  const words = script.words("t1", ["a", "b", "c"]);
  hearAll(into, [...opening, ...words]);
  rejoin(into);
  for (const delta of [...opening, ...words]) {
    hearAll(into, [delta]);
    assert.equal(shown(into), ["hi > abc"]);
  }
  hearAll(into, script.words("t1", ["d"]));
  settle(into, true);
  hearAll(into, script.ending("t1"));
  assert.equal(shown(into), ["hi > abcd"]);
});

transcript("losing the connection twice during one replay loses no text", () => {
  const into = createTranscript();
  const script = new Script();
  const all = [...script.opening("t1", "hi"), ...script.words("t1", ["a", "b", "c", "d"])];
  hearAll(into, all.slice(0, 5));
  rejoin(into);
  hearAll(into, all.slice(0, 3));
  rejoin(into);
  hearAll(into, all);
  assert.equal(shown(into), ["hi > abcd"]);
});

transcript("a turn that ended while disconnected is shown whole from the history", () => {
  const into = createTranscript();
  const script = new Script();
  hearAll(into, [...script.opening("t1", "hi"), ...script.words("t1", ["Hel"])]);
  rejoin(into);
  addHistory(into, { chunks: [...storedTurn("t1", 1, "hi", "Hello"), ...storedTurn("t2", 3, "and", "More")] });
  settle(into, false);
  assert.equal(shown(into), ["hi > Hello", "and > More"]);
  assert.is(runningTurn(into), undefined);
});

transcript("a running turn keeps its words until its replay arrives", () => {
  const into = createTranscript();
  const script = new Script();
  const opening = script.opening("t1", "hi");
  const words = script.words("t1", ["a", "b"]);
  hearAll(into, [...opening, ...words]);
  rejoin(into);
  addHistory(into, { chunks: storedTurn("t1", 1, "hi", "ignored").slice(0, 1) });
  settle(into, true);
  assert.equal(shown(into), ["hi > ab"]);
  assert.is(runningTurn(into)?.turnId, "t1");
  hearAll(into, [...opening, ...words, ...script.words("t1", ["c"])]);
  assert.equal(shown(into), ["hi > abc"]);
});

transcript("a turn that was never stored keeps its shown text and stops running", () => {
  const into = createTranscript();
  const script = new Script();
  hearAll(into, [...script.opening("t1", "hi"), ...script.words("t1", ["a"])]);
  rejoin(into);
  settle(into, false);
  assert.equal(shown(into), ["hi > a"]);
  assert.is(runningTurn(into), undefined);
});

transcript("missed turns are shown between the turns that were followed", () => {
  const into = createTranscript();
  hearAll(into, new Script("e1").turn("t1", "one", ["1"]));
  rejoin(into);
  hearAll(into, new Script("e2").opening("t3", "three"));
  addHistory(into, {
    chunks: [
      ...storedTurn("t1", 1, "one", "1"),
      ...storedTurn("t2", 3, "two", "2"),
      ...storedTurn("t3", 5, "three", "").slice(0, 1),
    ],
  });
  settle(into, true);
  assert.equal(shown(into), ["one > 1", "two > 2", "three > "]);
});

transcript("images come from the history, because events do not contain them", () => {
  const chunks: StoredChunk[] = [
    { seq: 1, role: "user", turnId: "t1", chunk: { type: "text", text: "look" } },
    { seq: 2, role: "user", turnId: "t1", chunk: { type: "image", url: "data:x" } },
  ];
  for (const isHistoryFirst of [true, false]) {
    const into = createTranscript();
    if (isHistoryFirst) addHistory(into, { chunks });
    hearAll(into, new Script().opening("t1", "look"));
    if (!isHistoryFirst) addHistory(into, { chunks });
    assert.equal(shown(into), ["look+data:x > "]);
  }
});

transcript("user texts that the events leave out come from the history", () => {
  const into = createTranscript();
  const script = new Script();
  hearAll(into, [script.delta("t1", { type: "turn-start" }), ...script.words("t1", ["a", "b"])]);
  const steering: StoredChunk = { seq: 3, role: "user", turnId: "t1", chunk: { type: "text", text: "more" } };
  const more: StoredChunk = { seq: 4, role: "assistant", turnId: "t1", chunk: { type: "text", text: "b" } };
  addHistory(into, { chunks: storedTurn("t1", 1, "hi", "a") });
  assert.equal(shown(into), ["hi > ab"]);
  hearAll(into, script.ending("t1"));
  addHistory(into, { chunks: [steering, more] });
  showStored(into, "t1");
  assert.equal(shown(into), ["hi > a steering(more) b"]);
  assert.is(into.turns[0]?.reason, "stop");
});

transcript("earlier chunks are put in front, and a turn that was cut in two is whole again", () => {
  const chunks = [...storedTurn("t1", 1, "one", "1"), ...storedTurn("t2", 3, "two", "2")];
  const into = createTranscript();
  addHistory(into, { chunks: chunks.slice(3) });
  assert.is(into.firstSeq, 4);
  addEarlier(into, { chunks: chunks.slice(0, 3) });
  addEarlier(into, { chunks: chunks.slice(0, 3) });
  assert.equal(shown(into), ["one > 1", "two > 2"]);
  assert.is(into.firstSeq, 1);
});

transcript("a renumbered history is detected, and replaces everything but the running turn", () => {
  const into = createTranscript();
  const chunks = storedTurn("t1", 1, "one", "1");
  assert.ok(continuesHistory(into, { chunks: [] }));
  addHistory(into, { chunks });
  assert.ok(continuesHistory(into, { chunks: chunks.slice(1) }));
  assert.not(continuesHistory(into, { chunks: [] }));
  assert.not(continuesHistory(into, { chunks: storedTurn("t9", 2, "x", "y") }));
  hearAll(into, new Script().opening("t2", "two"));
  forgetHistory(into);
  assert.equal(shown(into), ["two > "]);
  const summary: StoredChunk = { seq: 1, role: "system", chunk: { type: "system", text: "sum" } };
  addHistory(into, { chunks: [summary] });
  assert.equal(shown(into), [" > system(sum)", "two > "]);
});

transcript("the metrics add usage, duration and ending to turns from the history", () => {
  const into = createTranscript();
  addHistory(into, { chunks: storedTurn("t1", 1, "one", "1") });
  const usage = { inputTokens: 1, outputTokens: 2 };
  addMetrics(into, {
    turns: [
      { turnId: "t1", reason: "aborted", usage, durationMs: 7, steps: [] },
      { turnId: "t9", usage: null, steps: [] },
    ],
  });
  assert.equal(into.turns[0]?.usage, usage);
  assert.is(into.turns[0]?.durationMs, 7);
  assert.is(into.turns[0]?.reason, "aborted");
});

// A property over all of this: losses and rejoins at any moment, replays joined in any way, history read at any moment.
transcript("however often the connection is lost, the page ends with every word once", () => {
  const words = ["a ", "b ", "c ", "d ", "e ", "f "];
  fc.assert(
    fc.property(
      fc.array(fc.record({ heard: fc.nat(9), ended: fc.boolean(), joinsFrom: fc.nat(6), history: fc.boolean() }), {
        maxLength: 5,
      }),
      (losses) => {
        const into = createTranscript();
        const whole = new Script().turn("t1", "hi", words);
        let isOver = false;
        for (const { heard, joinsFrom, history } of losses) {
          rejoin(into);
          hearAll(into, replayJoined(joinsFrom, words).slice(0, heard));
          if (history) addHistory(into, { chunks: storedTurn("t1", 1, "hi", "").slice(0, 1) });
          settle(into, true);
        }
        isOver = losses.at(-1)?.ended ?? false;
        rejoin(into);
        if (isOver) {
          addHistory(into, { chunks: storedTurn("t1", 1, "hi", words.join("")) });
          settle(into, false);
        } else hearAll(into, whole);
        assert.equal(shown(into), ["hi > a b c d e f "]);
      },
    ),
  );
});

/** A replay of the running turn whose words from this one on are joined. */
function replayJoined(joinsFrom: number, words: string[]): Delta[] {
  const script = new Script();
  const opening = script.opening("t1", "hi");
  const single = script.words("t1", words.slice(0, joinsFrom));
  const rest = words.slice(joinsFrom);
  return [...opening, ...single, ...(rest.length > 0 ? [script.joined("t1", rest)] : [])];
}

transcript.run();
