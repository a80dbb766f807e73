// One conversation with many watchers: deltas one at a time, and in bursts within one tick.
import { atLeast, everyServer, type Measured, type Scale, type Target, type Workload } from "../workload.ts";

const conversationId = "fan-out";
const characters = 40;

interface FanOut {
  sockets: number;
  /** Deltas per burst. Each entry is one part of the workload. */
  bursts: readonly number[];
  /** Bursts per sample, and warm-up bursts of each part before the first sample. */
  count: number;
  warmUp: number;
  /** Pause after a burst: longer than turnwire's flush interval, and than any server's loop over all sockets. */
  pauseMs: number;
  targets?(measured: Measured): Target[];
}

function fanOut({ sockets, bursts, count, warmUp, pauseMs, targets = () => [] }: FanOut): Workload {
  const people = sockets === 1 ? "1 socket" : `${sockets.toLocaleString("en")} sockets`;
  return {
    name: `fan-out-${sockets}`,
    title: `fan-out to ${people}`,
    unit: "delivery",
    sockets,
    lanes: everyServer,
    parts: bursts.map(partOf),
    repetitions: 5,
    async prepare(rig) {
      await rig.beginTurns([conversationId], { bursts: 0, burst: 0, pauseMs: 0, characters });
      const peers = await rig.openWatchers(sockets, () => conversationId);
      let number = 0;
      const play = async (burst: number, bursts: number): Promise<void> => {
        number += bursts * burst;
        await rig.play([conversationId], { bursts, burst, pauseMs, characters });
        await rig.reached(peers, number);
      };
      for (const burst of bursts) await play(burst, warmUp);
      return (part) => rig.measure(() => play(burstOf(part), count));
    },
    targets,
  };
}

const partOf = (burst: number): string => (burst === 1 ? "1 delta a flush" : `${burst} deltas a flush`);
const burstOf = (part: string): number => Number.parseInt(part, 10);

export const fanOuts = ({ pick }: Scale): Workload[] => [
  fanOut({ sockets: 1, bursts: [1], count: pick(150, 1_000), warmUp: 500, pauseMs: 1 }),
  fanOut({ sockets: 50, bursts: [1], count: pick(20, 200), warmUp: 100, pauseMs: 8 }),
  fanOut({
    sockets: 1_000,
    bursts: [1, 4, 16],
    count: pick(5, 40),
    warmUp: pick(10, 30),
    pauseMs: 30,
    targets: (measured) => [
      ...atLeast("1 delta a flush to 1,000: plain ws's CPU", measured.ratio(partOf(1), "turnwire", "plain-ws"), 1.3),
      ...atLeast("1 delta a flush to 1,000: Socket.IO's CPU", measured.ratio(partOf(1), "turnwire", "socket-io"), 2.2),
      ...atLeast("4 deltas a flush to 1,000: plain ws's CPU", measured.ratio(partOf(4), "turnwire", "plain-ws"), 4),
      ...atLeast("16 deltas a flush to 1,000: plain ws's CPU", measured.ratio(partOf(16), "turnwire", "plain-ws"), 15),
      // The target is parity, less the noise between two runs on a shared machine.
      ...atLeast("4 deltas a flush to 1,000: Bun's CPU", measured.ratio(partOf(4), "turnwire", "bun"), 0.9),
      ...atLeast("16 deltas a flush to 1,000: Bun's CPU", measured.ratio(partOf(16), "turnwire", "bun"), 0.9),
    ],
  }),
  fanOut({
    sockets: 5_000,
    bursts: [1],
    count: pick(3, 30),
    warmUp: pick(3, 15),
    pauseMs: 70,
    targets: (measured) => [
      ...atLeast("1 delta a flush to 5,000: plain ws's CPU", measured.ratio(partOf(1), "turnwire", "plain-ws"), 1.3),
      ...atLeast("1 delta a flush to 5,000: Socket.IO's CPU", measured.ratio(partOf(1), "turnwire", "socket-io"), 2.2),
    ],
  }),
];
