// A surface with many viewers changes, once or several times within one tick. The unit is one change that one viewer
// has caught up with, even if a later update brings it. The last change must reach every viewer.
import { atLeast, everyServer, type Scale, type Workload } from "../workload.ts";

const viewers = 1_000;
const parts = { one: "one change at a time", four: "4 changes in one tick" };

export const surfaceUpdates = ({ pick }: Scale): Workload => ({
  name: "surface-updates",
  title: `surface updates to ${viewers.toLocaleString("en")} viewers`,
  unit: "change and viewer",
  sockets: viewers,
  lanes: everyServer,
  parts: Object.values(parts),
  repetitions: pick(5, 9),
  async prepare(rig) {
    const { watches } = await rig.figures();
    const peers = await rig.open(viewers);
    for (const peer of peers) peer.send({ type: "subscribe", surfaceId: "bench" });
    if (rig.name === "turnwire") for (const peer of peers.slice(-10)) await rig.barrier(peer);
    else await rig.settled((figures) => figures.watches === watches + viewers, "viewers");
    let number = 0;
    const change = async (bursts: number, burst: number): Promise<void> => {
      number += bursts * burst;
      await rig.tell({ ask: "change", rhythm: { bursts, burst, pauseMs: 30, characters: 40 } });
      await rig.reached(peers, number);
    };
    await change(20, 1);
    await change(20, 4);
    return (part) => {
      const bursts = pick(4, 30);
      const burst = part === parts.one ? 1 : 4;
      return rig.measure(
        () => change(bursts, burst),
        () => bursts * burst * viewers,
      );
    };
  },
  targets: (measured) => [
    ...atLeast(
      "surface updates, one at a time: plain ws's CPU",
      measured.ratio(parts.one, "turnwire", "plain-ws"),
      1.5,
    ),
    ...atLeast("surface updates, 4 in one tick: plain ws's CPU", measured.ratio(parts.four, "turnwire", "plain-ws"), 3),
  ],
});
