// A fault that the exploration (test/model/explore.ts) found. The provider was asked again while its answer was on the
// way to the surface's chart. The chart took this answer for the one to the new question, and never showed the new one.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../../src/limits.ts";
import { within } from "../../support/deadline.ts";
import { MemoryGateway } from "../../support/memory-gateway.ts";
import { ScriptedSurface } from "../../support/scripted-surfaces.ts";

const test = suite("late answers of a surface");

/** Lets promises settle, but does not turn the gateway's loop. */
const promisesRest = (): Promise<void> => within(new Promise((resolve) => setImmediate(resolve)), "promises to rest");

async function timedOut() {
  const surface = new ScriptedSurface("s");
  surface.answersLater = true;
  const fixture = new MemoryGateway({ surfaces: [surface] });
  const client = fixture.join();
  client.send({ type: "subscribe", surfaceId: "s" });
  fixture.clock.advance(limits.surfaceAnswerMs);
  client.take();
  return { surface, fixture, client };
}

test("a late answer that a change has overtaken does not hide the newer answer (1.5.4)", async () => {
  const { surface, fixture, client } = await timedOut();
  const stale = surface.spec("first");
  // In one turn of the loop, the surface changes and the late answer comes.
  surface.change("second");
  surface.questions[0]?.resolve(stale);
  await promisesRest();
  fixture.settle();
  assert.is(surface.questions.length, 2, "the provider is asked once more after the change");
  surface.questions[1]?.resolve(surface.spec());
  await promisesRest();
  fixture.settle();
  assert.match(JSON.stringify(client.take().at(-1)), '"payload":"second"');
  fixture.stop();
});

test("a late failure that a change has overtaken does not hide the newer answer (1.5.4)", async () => {
  const { surface, fixture, client } = await timedOut();
  surface.change("second");
  surface.questions[0]?.reject(new Error("too busy"));
  await promisesRest();
  fixture.settle();
  surface.questions[1]?.resolve(surface.spec());
  await promisesRest();
  fixture.settle();
  assert.match(JSON.stringify(client.take().at(-1)), '"payload":"second"');
  fixture.stop();
});

test.run();
