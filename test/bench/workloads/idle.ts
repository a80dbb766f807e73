// The memory of each idle socket. Each repetition starts a new server, because a process does not give memory back.
import { below, everyServer, type Scale, type Workload } from "../workload.ts";

const part = "open and silent";

export const idle = ({ pick }: Scale): Workload => {
  const sockets = pick(2_000, 10_000);
  return {
    name: "idle",
    title: `idle memory at ${sockets.toLocaleString("en")} sockets`,
    unit: "socket",
    sockets,
    lanes: everyServer,
    parts: [part],
    repetitions: 5,
    prepare: async (rig) => async () => {
      await rig.restart();
      // Warm-up: V8 compiles the code and the heap settles before anything is measured.
      const first = await rig.open(sockets / 20);
      for (const peer of first) peer.cut();
      await rig.settled((figures) => figures.sockets === 0, "the first sockets' end");
      await rig.tell({ ask: "collect" });
      const before = await rig.tell({ ask: "collect" });
      const peers: { cut(): void }[] = [];
      const sample = await rig.measure(
        async () => {
          peers.push(...(await rig.open(sockets)));
        },
        () => sockets,
      );
      await rig.tell({ ask: "collect" });
      const after = await rig.tell({ ask: "collect" });
      for (const peer of peers) peer.cut();
      const rssPerSocketKb = (after.rssBytes - before.rssBytes) / sockets / 1_000;
      return { ...sample, rssMiB: after.rssBytes / 2 ** 20, rssPerSocketKb };
    },
    targets: (measured) => [
      ...below("idle: RSS of a socket with its actor", measured.median(part, "turnwire", "rssPerSocketKb"), 8, "KB"),
      ...below("idle: of plain ws's", 1 / measured.ratio(part, "turnwire", "plain-ws", "rssPerSocketKb"), 1.3, "×"),
      ...below("idle: of Socket.IO's", 1 / measured.ratio(part, "turnwire", "socket-io", "rssPerSocketKb"), 0.5, "×"),
    ],
  };
};
