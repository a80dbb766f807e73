// One socket in twenty never reads. Turns with and without these stalled sockets alternate on one server.
import { below, lane, type Scale, type Workload } from "../workload.ts";

const conversationId = "stalled";
const sockets = 1_000;
const share = 20;
const parts = { without: "all read", with: "one in twenty stalled for ever" };
const burst = 16;
const characters = 1_000;

export const stalled = ({ pick }: Scale): Workload => ({
  name: "stalled",
  title: `${sockets.toLocaleString("en")} sockets, with and without stalled ones`,
  unit: "delivery",
  sockets: sockets + sockets / share,
  lanes: [lane("turnwire")],
  parts: [parts.without, parts.with],
  repetitions: 9,
  async prepare(rig) {
    const peers = await rig.open(sockets);
    let turn = 0;
    return async (part) => {
      // Each sample has a turn of its own: the log of a turn is bounded, and a stalled socket must not receive the text
      // of an earlier turn.
      const id = `${conversationId}-${String(++turn).padStart(4, "0")}`;
      await rig.beginTurns([id], { bursts: 0, burst: 0, pauseMs: 0, characters });
      const { sockets: before, watches } = await rig.figures();
      for (const peer of peers) {
        peer.number = 0;
        peer.send({ type: "chat.subscribe", conversationId: id });
      }
      const lazy = part === parts.with ? await rig.open(sockets / share) : [];
      for (const peer of lazy) {
        peer.send({ type: "chat.subscribe", conversationId: id });
        peer.isMeasured = false;
      }
      await rig.settled((figures) => figures.watches === watches + sockets + lazy.length, "watchers");
      for (const peer of lazy) peer.stall();
      const bursts = pick(12, 60);
      const sample = await rig.measure(async () => {
        await rig.play([id], { bursts, burst, pauseMs: 30, characters });
        await rig.reached(peers, bursts * burst);
      });
      for (const peer of lazy) peer.cut();
      await rig.settled((figures) => figures.sockets === before, "the stalled sockets' end");
      for (const peer of peers) peer.send({ type: "chat.unsubscribe", conversationId: id });
      await rig.settled((figures) => figures.watches === watches, "the watchers' end");
      return sample;
    };
  },
  targets: (measured) => {
    const ratio = (metric: "cpuUs" | "p99Ms"): number => {
      const without = measured.values(parts.without, "turnwire", metric);
      const pairs = measured.values(parts.with, "turnwire", metric).map((value, at) => value / (without[at] ?? 0));
      return pairs.sort((a, b) => a - b)[pairs.length >> 1] ?? Number.NaN;
    };
    const growth =
      measured.median(parts.with, "turnwire", "rssMiB") - measured.median(parts.without, "turnwire", "rssMiB");
    return [
      ...below("one in twenty stalled: the others' CPU a delivery", ratio("cpuUs"), 1.05, "×"),
      ...below("… their p99", ratio("p99Ms"), 1.5, "×"),
      ...below("… memory of the server, more than without", growth, 16, "MiB"),
    ];
  },
});
