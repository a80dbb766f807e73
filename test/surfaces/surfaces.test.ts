// Surfaces through the whole gateway in memory, with a simulated clock: a provider that acts at the wrong moment must
// neither hide its newest state nor keep the server busy.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { within } from "../support/deadline.ts";
import { MemoryGateway } from "../support/memory-gateway.ts";
import { ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("surfaces");

const subscribe = { type: "subscribe", surfaceId: "s" };

function open(options: { announces?: boolean } = {}) {
  const surface = new ScriptedSurface("s", options);
  const fixture = new MemoryGateway({ surfaces: [surface] });
  /** Runs all pending promises and deferred work. */
  const rest = async (): Promise<void> => {
    for (let rounds = 0; rounds < 5; rounds++) {
      await within(new Promise((resolve) => setImmediate(resolve)), "the next turn of the loop");
      fixture.settle();
    }
  };
  const viewer = () => {
    const client = fixture.join();
    client.take();
    client.send(subscribe);
    return client;
  };
  /** Types and values, in order. */
  const shown = (messages: { type: string; [field: string]: unknown }[]): unknown[] =>
    messages.map((message) => {
      if (message.type === "error") return ["error", message["message"]];
      const text = JSON.stringify(message);
      return [message.type, text.match(/"payload":"?([^"}]*)/)?.[1]];
    });
  return { surface, fixture, rest, viewer, shown };
}

test("a change during a failing question causes another question and is shown", async () => {
  const { surface, fixture, rest, viewer, shown } = open();
  surface.answersLater = true;
  const client = viewer();
  surface.change("second");
  fixture.settle();
  surface.questions[0]?.reject(new Error("too busy"));
  await rest();
  assert.is(surface.questions.length, 2);
  surface.questions[1]?.resolve(surface.spec());
  await rest();
  assert.equal(shown(client.take()), [
    ["error", "too busy"],
    ["surface", "second"],
  ]);
  fixture.stop();
});

test("a change of a shown surface, followed by a failure, ends with the newest state", async () => {
  const { surface, fixture, rest, viewer, shown } = open();
  const client = viewer();
  surface.answersLater = true;
  surface.change("second");
  fixture.settle();
  surface.change("third");
  fixture.settle();
  surface.questions[0]?.reject(new Error("too busy"));
  await rest();
  surface.questions[1]?.resolve(surface.spec());
  await rest();
  assert.equal(shown(client.take()), [
    ["surface", "first"],
    ["error", "too busy"],
    ["update", "third"],
  ]);
  fixture.stop();
});

test("a change while a provider does not answer causes another question after ten seconds", async () => {
  const { surface, fixture, rest, viewer, shown } = open();
  surface.answersLater = true;
  const client = viewer();
  surface.change("second");
  fixture.clock.advance(limits.surfaceAnswerMs);
  assert.is(surface.questions.length, 2);
  surface.questions[1]?.resolve(surface.spec());
  await rest();
  surface.questions[0]?.resolve(surface.spec("first"));
  await rest();
  assert.equal(shown(client.take()), [
    ["error", "s did not answer within 10 s"],
    ["surface", "second"],
  ]);
  fixture.stop();
});

test("a provider that announces a change whenever it is asked is asked once, even if it fails", () => {
  for (const fails of [false, true]) {
    const { surface, fixture, viewer } = open();
    surface.getSpecInstead = () => {
      if (surface.asked.length > 100) throw new Error("the provider is asked endlessly");
      surface.change("other");
      if (fails) throw new Error("it broke");
      return surface.spec();
    };
    const client = viewer();
    assert.is(surface.asked.length, 1);
    assert.is(client.take().length, 1);
    fixture.stop();
  }
});

test.run();
