// One conversation, one socket, and a source that never waits: the throughput of text, and its cost.
import { atLeast, everyServer, type Scale, type Workload } from "../workload.ts";

const conversationId = "one-stream";
const part = "as fast as it goes";
const characters = 40;
const warmUpDeltas = 100_000;

export const oneStream = ({ pick }: Scale): Workload => ({
  name: "one-stream",
  title: "one stream to one socket",
  unit: "delta",
  sockets: 10,
  lanes: everyServer,
  parts: [part],
  repetitions: pick(5, 9),
  async prepare(rig) {
    // The warm-up uses turns of its own, because the log of one turn is bounded (limits.turnLogBytesMax).
    const warmUps = ["warm-up-1", "warm-up-2"];
    await rig.beginTurns(warmUps, { bursts: warmUpDeltas / 2, burst: 1, pauseMs: 0, characters });
    await rig.beginTurns([conversationId], { bursts: 0, burst: 0, pauseMs: 0, characters });
    const peers = await rig.openWatchers(1, () => conversationId);
    let number = 0;
    const play = async (bursts: number): Promise<void> => {
      number += bursts;
      await rig.play([conversationId], { bursts, burst: 1, pauseMs: 0, characters });
      await rig.reached(peers, number);
    };
    await play(5_000);
    return () => rig.measure(() => play(pick(5_000, 10_000)));
  },
  targets: (measured) => [
    ...atLeast("one stream at full speed: plain ws's CPU", measured.ratio(part, "turnwire", "plain-ws"), 1.5),
  ],
});
