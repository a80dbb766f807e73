// Found by the exploration (test/model/explore.ts): an answer that is on its way to the surface's chart when the
// provider is asked once more was taken for the answer to the new question, and the new answer was then shown to
// nobody.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../../src/limits.ts";
import { within } from "../../support/deadline.ts";
import { MemoryGateway } from "../../support/memory-gateway.ts";
import { ScriptedSurface } from "../../support/scripted-surfaces.ts";

const test = suite("late answers of a surface");

/** Promises come to rest; the loop of the gateway does not turn. */
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

test("an answer that a change has overtaken on its way hides nothing of the newer one (1.5.4)", async () => {
  const { surface, fixture, client } = await timedOut();
  const stale = surface.spec("first");
  // In one turn of the loop: it changes, and the answer that was so late comes.
  surface.change("second");
  surface.questions[0]?.resolve(stale);
  await promisesRest();
  fixture.settle();
  assert.is(surface.questions.length, 2, "the change has it asked once more");
  surface.questions[1]?.resolve(surface.spec());
  await promisesRest();
  fixture.settle();
  assert.match(JSON.stringify(client.take().at(-1)), '"payload":"second"');
  fixture.stop();
});

test("a failure that a change has overtaken on its way hides nothing of the newer answer (1.5.4)", async () => {
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
