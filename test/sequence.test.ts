// The sequence diagram of a run: what it shows of the changes of actors, and that it is the same for every run.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { countSources, drawSequence } from "../scripts/sequence/draw.ts";
import { playRun } from "../scripts/sequence/run.ts";
import type { ActorChange, ActorMoved } from "../src/diagnostics/inspection.ts";
import { MemoryGateway } from "./support/memory-gateway.ts";

const test = suite("the sequence diagram");

/** Two sockets that watch a conversation. One is congested for a while. */
function play(): ActorChange[] {
  const fixture = new MemoryGateway({ limits: { outstandingBytesMax: 200 } });
  const changes: ActorChange[] = [];
  fixture.gateway.inspect((change) => changes.push(change));
  const [first, slow] = [fixture.join(), fixture.join({ reads: false })];
  for (const client of [first, slow]) client.send({ type: "chat.subscribe", conversationId: "c1" });
  fixture.orchestrator.begin("c1");
  fixture.orchestrator.say("c1", "x".repeat(500));
  fixture.clock.advance(50);
  slow.pong();
  fixture.settle();
  for (const client of [first, slow]) client.vanish();
  fixture.orchestrator.end("c1");
  fixture.stop();
  return changes;
}

test("two runs give the same picture, with lanes in the order in which they stand", () => {
  const [one, other] = [drawSequence("a run", play()), drawSequence("a run", play())];
  assert.is(one, other);
  const names = [...one.matchAll(/class="lane-name"[^>]*>([^<]*)</g)].map(([, name]) => name);
  assert.equal(names, ["", "socket 1", "of socket 1", "socket 2", "of socket 2"]);
});

test("what one actor tells another is an arrow, and what does nothing or repeats itself is left out", () => {
  const picture = drawSequence("a run", play());
  const arrows = [...picture.matchAll(/class="label sent"[^>]*>([^<]*)</g)].map(([, label]) => label);
  for (const said of ["socket.congested", "socket.drained", "watch.leave"])
    assert.ok(arrows.includes(said), String(arrows));
  const labels = [...picture.matchAll(/<tspan class="origin">([^<]*)<\/tspan>([^<]*)</g)].map(([, , label]) => label);
  assert.is(labels.filter((label) => label === "chat.subscribe").length, 2, "once for each socket");
});

test("a run of the real server is drawn with every actor that took part, and actors have sent most of it", async () => {
  const changes = await playRun();
  const picture = drawSequence("a run", changes);
  const names = [...picture.matchAll(/class="lane-kind"[^>]*>([^<]*)<\/text><text class="lane-name"[^>]*>([^<]*)</g)];
  assert.equal(
    names.map(([, kind, name]) => `${kind} ${name}`.trim()),
    [
      ...["gateway", "connection socket 1", "watch of socket 1", "connection socket 2", "watch of socket 2"],
      ...["conversation c1", "store", "turn 1", "agent of turn 1", "turn 2", "agent of turn 2"],
      ...["surface conversation", "provider"],
    ],
  );
  const { sent, total } = countSources(changes);
  assert.ok(sent * 2 > total, `${sent} of ${total}`);
});

test("the application events that an actor has sent are counted, without those of XState", () => {
  const moved = (event: string, from?: string) => ({ type: "actor.moved", event, from }) as ActorMoved;
  const changes = [moved("a"), moved("b", "x:1"), moved("xstate.done.actor.watch", "x:1")];
  assert.equal(countSources(changes), { sent: 1, total: 2 });
});

test.run();
