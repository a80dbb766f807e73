// Sockets that connect and disconnect: how many per second, and whether each costs more when many others are open.
import { atLeast, below, everyServer, type Flow, type Scale, type Workload } from "../workload.ts";

const beside = 1_000;
const part = "connect and leave";

export const connect = ({ pick }: Scale): Workload => {
  const crowd = pick(5_000, 15_000);
  const crowded: Flow = { name: `turnwire beside ${crowd.toLocaleString("en")}`, server: "turnwire" };
  return {
    name: "connect",
    title: `connect and leave, beside ${beside.toLocaleString("en")} sockets`,
    unit: "socket",
    sockets: crowd + 1_500,
    lanes: [...everyServer, crowded],
    parts: [part],
    repetitions: pick(5, 9),
    async prepare(rig, lane) {
      await rig.open(lane.name === crowded.name ? crowd : beside);
      const count = pick(500, 1_500);
      const comeAndGo = async (count: number): Promise<number> => {
        const { sockets } = await rig.figures();
        const startedAt = performance.now();
        const peers = await rig.open(count);
        const seconds = (performance.now() - startedAt) / 1_000;
        await rig.settled((figures) => figures.sockets === sockets + count, "sockets that came");
        for (const peer of peers) peer.cut();
        await rig.settled((figures) => figures.sockets === sockets, "sockets that left");
        return count / seconds;
      };
      // Warm-up until V8 has compiled the code: turnwire has more of it than the others, and a server in use is always
      // warm.
      for (let round = 0; round < pick(6, 12); round++) await comeAndGo(1_000);
      return async () => {
        let ratePerSecond = 0;
        const sample = await rig.measure(
          async () => {
            ratePerSecond = await comeAndGo(count);
          },
          () => count,
        );
        return { ...sample, ratePerSecond };
      };
    },
    targets: (measured) => [
      ...atLeast(
        "accepted a second: of plain ws's rate",
        1 / measured.ratio(part, "turnwire", "plain-ws", "ratePerSecond"),
        0.9,
      ),
      ...below(
        `CPU of one that comes and goes beside ${crowd.toLocaleString("en")}, of that beside 1,000`,
        measured.ratio(part, "turnwire", crowded.name),
        1.2,
        "×",
      ),
    ],
  };
};
