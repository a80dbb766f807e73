// All sockets are cut at once in mid-stream and reconnect, again and again. Each client resumes right after its last
// event.
import { until } from "../../load/peer.ts";
import { percentile } from "../statistics.ts";
import { StormClient } from "../storm-client.ts";
import { below, everyServer, type Scale, type Workload } from "../workload.ts";

const part = "cut and back";
const conversations = 100;
const tokensEveryMs = 200;
const characters = 40;
/** Connection attempts beyond the server's listen backlog would be dropped and retried a second later. */
const openAtOnce = 256;
const deadlineMs = 60_000;

export const resumeStorm = ({ pick }: Scale): Workload => {
  const sockets = pick(1_000, 10_000);
  return {
    name: "resume-storm",
    title: `resume storm: ${sockets.toLocaleString("en")} sockets cut and back`,
    unit: "socket",
    sockets,
    lanes: everyServer,
    parts: [part],
    repetitions: 5,
    subprotocol: "turnwire.v1",
    async prepare(rig) {
      const ids = Array.from({ length: conversations }, (_, index) => `storm-${String(index).padStart(4, "0")}`);
      await rig.beginTurns(ids, { bursts: 0, burst: 0, pauseMs: 0, characters });
      const clients = Array.from({ length: sockets }, (_, index) => new StormClient(ids[index % conversations] ?? ""));
      const comeBack = async (): Promise<void> => {
        await rig.open(sockets, {
          atOnce: openAtOnce,
          begun: (peer, index) => clients[index]?.use(peer),
          opened: (_, index) => clients[index]?.subscribe(),
        });
      };
      const allAreBack = (): boolean => clients.every(({ backMs }) => backMs !== undefined);
      let number = 0;
      const storm = async (tokens: number): Promise<void> => {
        number += tokens;
        await rig.play(ids, { bursts: tokens, burst: 1, pauseMs: tokensEveryMs, characters }, tokensEveryMs);
        await new Promise((resolve) => setTimeout(resolve, 300));
        for (const client of clients) client.cut();
        await comeBack();
        await until(allAreBack, deadlineMs, `${rig.name}: the catch-up of all sockets after the cut`);
        // user-message and turn-start come before the deltas.
        const hasAll = ({ tally }: StormClient): boolean => tally.seq === number + 2;
        await until(() => clients.every(hasAll), deadlineMs, `${rig.name}: the last event at every socket`);
      };
      await comeBack();
      await until(allAreBack, deadlineMs, `${rig.name}: the first catch-up of all sockets`);
      return async () => {
        const before = total(clients);
        const sample = await rig.measure(
          () => storm(pick(3, 25)),
          () => sockets,
        );
        const after = total(clients);
        const backMs = clients.map((client) => client.backMs ?? Number.NaN);
        return {
          ...sample,
          p50Ms: percentile(backMs, 0.5),
          p99Ms: percentile(backMs, 0.99),
          p999Ms: percentile(backMs, 0.999),
          maxMs: Math.max(...backMs),
          missed: after.missed - before.missed,
          twice: after.twice - before.twice,
        };
      };
    },
    targets: (measured) => {
      const most = (metric: "missed" | "twice" | "maxMs"): number =>
        Math.max(...measured.values(part, "turnwire", metric));
      return [
        ...below("resume storm: events missed, all storms", most("missed"), 1),
        ...below("… events that came twice", most("twice"), 1),
        ...below("… until the last socket has caught up, the longest", most("maxMs") / 1_000, 5, "s"),
      ];
    },
  };
};

function total(clients: StormClient[]): { missed: number; twice: number } {
  const sum = { missed: 0, twice: 0 };
  for (const { tally, lost } of clients) {
    sum.missed += tally.missed + lost;
    sum.twice += tally.twice;
  }
  return sum;
}
