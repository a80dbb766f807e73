// Broadcasts to every socket.
import { atLeast, everyServer, type Scale, type Workload } from "../workload.ts";

const parts = { one: "one at a time", four: "4 in one tick" };

export const broadcast = ({ pick }: Scale): Workload => {
  const sockets = pick(2_000, 10_000);
  return {
    name: "broadcast",
    title: `broadcast to ${sockets.toLocaleString("en")} sockets`,
    unit: "delivery",
    sockets,
    lanes: everyServer,
    parts: Object.values(parts),
    repetitions: 5,
    async prepare(rig) {
      const peers = await rig.open(sockets);
      let number = 0;
      const tell = async (bursts: number, burst: number): Promise<void> => {
        number += bursts * burst;
        await rig.tell({ ask: "broadcast", rhythm: { bursts, burst, pauseMs: pick(50, 130), characters: 40 } });
        await rig.reached(peers, number);
      };
      await tell(3, 1);
      return (part) => rig.measure(() => (part === parts.one ? tell(pick(3, 12), 1) : tell(pick(2, 8), 4)));
    },
    targets: (measured) => [
      ...atLeast("broadcast, one at a time: plain ws's CPU", measured.ratio(parts.one, "turnwire", "plain-ws"), 1.5),
      ...atLeast("broadcast, 4 in one tick: plain ws's CPU", measured.ratio(parts.four, "turnwire", "plain-ws"), 1.5),
    ],
  };
};
