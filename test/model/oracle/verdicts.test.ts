// Unit tests of the oracle for clients that resume: what a cursor means, which verdicts are true, and which events must
// follow them (protocol 2).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { done, isBroken, isFine, opening, say, sealed, storyOfV1 } from "./told.ts";

const test = suite("model: oracle of verdicts");

const conversationId = "c";
const subscribe = { type: "chat.subscribe", conversationId } as const;
const epoch = "e";

/** Turn t1, of which Ann has received the first two events, and turn t2, of which no client has received any. */
function twoTurns() {
  const told = storyOfV1("Bob");
  const { begins, emits, hears } = told;
  begins("t1");
  emits("t1", say("a"), say("b"), done, sealed);
  hears("Ann", "t1", opening("t1"), say("a"));
  emits("t2", opening("x"), say("c"));
  told.oracle.conversation("c").accepts("x", 5);
  told.oracle.disconnects("Ann");
  return told;
}

test("a client that resumes with its cursor gets exactly the later events, ended turns included", () => {
  const { oracle, asks, verdict, hears } = twoTurns();
  asks("Bob", { ...subscribe, after: { epoch, seq: 2 } });
  verdict("Bob", { epoch, seq: 7 }, "t2", true);
  isBroken(oracle, /Bob: c: <t1 text-delta "b"> never came/);
  hears("Bob", "t1", say("b"), done, sealed);
  hears("Bob", "t2", opening("x"), say("c"));
  isFine(oracle);
  assert.equal([oracle.tally().recovered, oracle.tally().reloaded], [1, 0]);
});

test("after a resume neither a hole nor a repetition is allowed", () => {
  for (const [first, says] of [
    [done, /after seq 2, seq 4/],
    [say("a"), /after seq 2, seq 2/],
  ] as const) {
    const { oracle, asks, verdict, hears } = twoTurns();
    asks("Bob", { ...subscribe, after: { epoch, seq: 2 } });
    verdict("Bob", { epoch, seq: 7 }, "t2", true);
    hears("Bob", "t1", first);
    isBroken(oracle, says, false);
  }
});

test("a true verdict is accepted; one with a false epoch, seq, turn or `recovered` is reported", () => {
  for (const [after, told, isTrue] of [
    [{ epoch, seq: 2 }, [epoch, 7, "t2", true], true],
    [{ epoch, seq: 2 }, [epoch, 7, "t2", false], false],
    [{ epoch, seq: 2 }, [epoch, 6, "t2", true], false],
    [{ epoch, seq: 2 }, [epoch, 7, null, true], false],
    [{ epoch, seq: 2 }, ["new", 2, "t2", false], false],
    [{ epoch, seq: 8 }, [epoch, 7, "t2", false], true],
    [{ epoch, seq: 8 }, [epoch, 7, "t2", true], false],
    [{ epoch: "f", seq: 2 }, [epoch, 7, "t2", false], true],
    [{ epoch: "f", seq: 2 }, [epoch, 7, "t2", true], false],
    [undefined, [epoch, 7, "t2", false], true],
    [undefined, [epoch, 7, "t2", true], false],
  ] as const) {
    const { oracle, asks, verdict, hears } = twoTurns();
    asks("Bob", { ...subscribe, ...(after && { after }) });
    const [named, seq, turnId, recovered] = told;
    verdict("Bob", { epoch: named, seq }, turnId, recovered);
    if (!isTrue) isBroken(oracle, /chat.subscribed.* came, and was true at no moment/);
    else if (!recovered) hears("Bob", "t2", opening("x"), say("c"));
    else hears("Bob", "t1", say("b"), done, sealed);
    if (isTrue) isFine(oracle, false);
  }
});

test("a verdict may or may not count events that were emitted while its subscribe was on its way", () => {
  for (const [seq, turnId] of [
    [0, null],
    [1, "t1"],
  ] as const) {
    const { oracle, asks, emits, verdict, hears } = storyOfV1();
    asks("Ann", subscribe);
    emits("t1", opening("x"));
    oracle.conversation("c").accepts("x", 0);
    verdict("Ann", { epoch, seq }, turnId, false);
    hears("Ann", "t1", opening("x"));
    isFine(oracle);
  }
});

test("each subscribe gets one verdict, before its replay; a socket that is subscribed already gets no replay", () => {
  const { oracle, asks, posts, pongs, verdict, hears } = twoTurns();
  asks("Bob", subscribe);
  posts("Bob", "ping");
  pongs("Bob");
  isBroken(oracle, /the verdict on c never came/);
  verdict("Bob", { epoch, seq: 7 }, "t2", false);
  hears("Bob", "t2", opening("x"), say("c"));
  asks("Bob", { ...subscribe, after: { epoch, seq: 1 } });
  verdict("Bob", { epoch, seq: 7 }, "t2", true);
  isFine(oracle);
  verdict("Bob", { epoch, seq: 7 }, "t2", true);
  isBroken(oracle, /which nobody asked for/);
  const early = twoTurns();
  early.asks("Bob", subscribe);
  early.posts("Bob", "ping");
  early.pongs("Bob");
  early.hears("Bob", "t2", opening("x"));
  isBroken(early.oracle, /a user-message of c, before the verdict came/);
});

test("after the verdict on a resume nothing older may come, though a replay is under way", () => {
  for (const [next, says] of [
    [say("c"), undefined],
    [opening("x"), /where <t2 text-delta "c"> was due/],
  ] as const) {
    const { oracle, asks, verdict, hears } = twoTurns();
    asks("Bob", subscribe);
    verdict("Bob", { epoch, seq: 7 }, "t2", false);
    asks("Bob", { ...subscribe, after: { epoch, seq: 6 } });
    verdict("Bob", { epoch, seq: 7 }, "t2", true);
    hears("Bob", "t2", next);
    if (says) isBroken(oracle, says, false);
    else isFine(oracle, false);
  }
});

test("forgotten sealed turns cannot be recovered, and without a watcher or a turn the epoch ends", () => {
  for (const [named, isTrue] of [
    [epoch, false],
    ["new", true],
  ] as const) {
    const { oracle, asks, emits, verdict } = twoTurns();
    emits("t2", done, sealed);
    oracle.shedsLogs();
    asks("Bob", { ...subscribe, after: { epoch, seq: 2 } });
    verdict("Bob", { epoch: named, seq: named === epoch ? 9 : 0 }, null, false);
    if (isTrue) isFine(oracle);
    else isBroken(oracle, /true at no moment/);
  }
});

test("an event has the same number for every client", () => {
  const { oracle, begins, hears, asks, verdict, numbered } = storyOfV1("Bob");
  begins("t1");
  hears("Ann", "t1", opening("t1"));
  asks("Bob", subscribe);
  verdict("Bob", { epoch, seq: 1 }, "t1", false);
  numbered("Bob", { ...opening("t1"), turnId: "t1" }, { seq: 2 });
  isBroken(oracle, /event 1 is seq 2 of e for Bob, and was seq 1 of e for another/);
});

test.run();
