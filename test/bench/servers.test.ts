// Runs a little of each kind of work on each measured server, so that the bench does not rot between its runs.
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { BenchPeer } from "./bench-peer.ts";
import { Rig } from "./rig.ts";
import { bunVersion, type ServerName } from "./servers.ts";

const sockets = 5;
const characters = 40;
const rhythm = { bursts: 3, burst: 4, pauseMs: 30, characters };
const names: ServerName[] = ["turnwire", "plain-ws", "socket-io"];
if (bunVersion() !== undefined) names.push("bun");

const messagesOf = (peers: BenchPeer[]): number[] => peers.map(({ messages }) => messages);

for (const name of names) {
  test(`${name}: every watcher gets every delta, and a late watcher gets the turn so far`, async () => {
    const rig = await Rig.start(name);
    try {
      await rig.beginTurns(["here"], { bursts: 2, burst: 1, pauseMs: 0, characters });
      const peers = await rig.openWatchers(sockets, () => "here");
      await rig.reached(peers, 2);
      const sample = await rig.measure(async () => {
        await rig.play(["here"], rhythm);
        await rig.reached(peers, 14);
      });
      assert.is(sample.units, sockets * 12);
      assert.ok(sample.cpuUs > 0);
      assert.ok((sample.p50Ms ?? -1) >= 0 && (sample.p99Ms ?? 1e9) < 10_000);
      const late = await rig.openWatchers(1, () => "here");
      await rig.reached(late, 14);
    } finally {
      await rig.end();
    }
  });

  test(`${name}: broadcasts reach every socket, and surface changes reach every viewer`, async () => {
    const rig = await Rig.start(name);
    try {
      const peers = await rig.open(sockets);
      await rig.tell({ ask: "broadcast", rhythm });
      await rig.reached(peers, 12);
      const viewers = await rig.open(sockets);
      for (const peer of viewers) peer.send({ type: "subscribe", surfaceId: "bench" });
      for (const peer of viewers) await rig.barrier(peer);
      const before = messagesOf(peers);
      await rig.tell({ ask: "change", rhythm });
      await rig.reached(viewers, 12);
      assert.equal(messagesOf(peers), before);
      for (const peer of [...peers, ...viewers]) peer.cut();
      await rig.settled((figures) => figures.sockets === 0, "the sockets' end");
    } finally {
      await rig.end();
    }
  });
}

test("blast: the load generator receives pre-encoded bytes", async () => {
  const rig = await Rig.start("blast");
  try {
    const peers = await rig.open(sockets);
    const sample = await rig.measure(async () => {
      await rig.tell({ ask: "broadcast", rhythm });
      await rig.reached(peers, 12);
    });
    assert.is(sample.units, sockets * 12);
  } finally {
    await rig.end();
  }
});

test.run();
