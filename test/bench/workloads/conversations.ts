// A busy evening: 1,000 conversations with 10 watchers each, and 5 tokens per second in each of them.
import { percentile } from "../statistics.ts";
import { below, everyServer, type Scale, type Workload } from "../workload.ts";

const watchersEach = 10;
const part = "5 tokens a second each";
const betweenMs = 200;
const characters = 40;
/** A socket's p99 covers all repetitions so far. It means nothing with fewer latencies than this. */
const latenciesLeast = 200;

export const conversationsOfTen = ({ pick }: Scale): Workload => {
  const conversations = pick(200, 1_000);
  const sockets = conversations * watchersEach;
  const named = `${sockets.toLocaleString("en")} sockets in ${conversations.toLocaleString("en")} conversations`;
  return {
    name: "conversations",
    title: named,
    unit: "delivery",
    sockets,
    lanes: everyServer,
    parts: [part],
    repetitions: 5,
    async prepare(rig) {
      const ids = Array.from({ length: conversations }, (_, index) => `talk-${String(index).padStart(4, "0")}`);
      await rig.beginTurns(ids, { bursts: 0, burst: 0, pauseMs: 0, characters });
      const peers = await rig.openWatchers(sockets, (index) => ids[index % conversations] ?? "");
      let number = 0;
      const talk = async (tokens: number): Promise<void> => {
        number += tokens;
        await rig.play(ids, { bursts: tokens, burst: 1, pauseMs: betweenMs, characters }, betweenMs);
        await rig.reached(peers, number);
      };
      await talk(pick(3, 15));
      for (const peer of peers) peer.ownLatencies = [];
      return async () => {
        const sample = await rig.measure(() => talk(pick(3, 50)));
        const [{ ownLatencies: first = [] } = {}] = peers;
        if (first.length < latenciesLeast) return sample;
        const each = peers.map(({ ownLatencies = [] }) => percentile(ownLatencies, 0.99));
        return { ...sample, p99Spread: Math.max(...each) / percentile(each, 0.5) };
      };
    },
    targets: (measured) => [
      ...below(`${named}: p99`, measured.median(part, "turnwire", "p99Ms"), 50, "ms"),
      ...below(
        "… the worst socket's p99, of the median one's",
        measured.values(part, "turnwire", "p99Spread").at(-1) ?? Number.NaN,
        3,
        "×",
      ),
    ],
  };
};
