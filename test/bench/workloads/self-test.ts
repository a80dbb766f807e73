// Runs first: what the load generator itself can receive, from a server that only writes pre-encoded bytes.
import { lane, type Scale, type Workload } from "../workload.ts";

const sockets = 1_000;
const parts = {
  one: "1 message a write",
  joined: "16 messages a write",
  flood: "64 messages a write, without a pause",
};

export const selfTest = ({ pick }: Scale): Workload => ({
  name: "self-test",
  title: `the load generator with ${sockets.toLocaleString("en")} sockets`,
  unit: "delivery",
  sockets,
  lanes: [lane("blast")],
  parts: Object.values(parts),
  repetitions: 5,
  async prepare(rig) {
    const peers = await rig.open(sockets);
    let number = 0;
    const blast = async (bursts: number, burst: number, pauseMs: number): Promise<void> => {
      number += bursts * burst;
      await rig.tell({ ask: "broadcast", rhythm: { bursts, burst, pauseMs, characters: 40 } });
      await rig.reached(peers, number);
    };
    await blast(20, 16, 10);
    return (part) =>
      rig.measure(() => {
        if (part === parts.one) return blast(pick(20, 60), 1, 10);
        return part === parts.joined ? blast(pick(20, 60), 16, 10) : blast(pick(10, 30), 64, 0);
      });
  },
  targets: () => [],
});
