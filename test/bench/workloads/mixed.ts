// Everything at once: streams, pings, broadcasts, sockets that connect and disconnect, and one slow reader in twenty.
// Only deliveries to the other watchers count.
import type { BenchPeer } from "../bench-peer.ts";
import type { Rig } from "../rig.ts";
import { everyServer, type Scale, type Workload } from "../workload.ts";

const conversations = 20;
const sockets = 1_000;
/** One socket in `slowOneIn` is slow: it makes one read, of up to 256 KiB, every `slowReadEveryMs`. */
const slowOneIn = 20;
const slowReadEveryMs = 5_000;
const part = "all at once";
const burst = 4;
const pauseMs = 100;
const characters = 1_500;
const pingEveryMs = 10;
const pingersAtOnce = 10;
const broadcastEveryMs = 200;
const comersEveryMs = 100;
const comersAtOnce = 5;

export const mixed = ({ pick }: Scale): Workload => ({
  name: "mixed",
  title: "mixed load with 5 % slow sockets",
  unit: "delivery",
  sockets,
  lanes: everyServer,
  parts: [part],
  repetitions: 5,
  async prepare(rig) {
    const ids = Array.from({ length: conversations }, (_, index) => `mixed-${String(index).padStart(4, "0")}`);
    await rig.beginTurns(ids, { bursts: 0, burst: 0, pauseMs: 0, characters });
    const peers = await rig.openWatchers(sockets, (index) => ids[index % conversations] ?? "");
    const slow = peers.filter((_, index) => index % slowOneIn === 0);
    const others = peers.filter((_, index) => index % slowOneIn !== 0);
    slow.forEach((peer, index) => {
      peer.isMeasured = false;
      peer.stall();
      const read = (): void => {
        if (peer.closed) return;
        peer.readOnce();
        setTimeout(read, slowReadEveryMs).unref();
      };
      setTimeout(read, (index * slowReadEveryMs) / slow.length).unref();
    });
    let number = 0;
    const talk = async (bursts: number): Promise<void> => {
      number += bursts * burst;
      await rig.play(ids, { bursts, burst, pauseMs, characters }, pauseMs);
      await rig.reached(others, number);
    };
    await talk(pick(5, 20));
    return async () => {
      const bustle = new Bustle(rig, others);
      const sample = await rig.measure(() => talk(pick(4, 60)));
      await bustle.end();
      return sample;
    };
  },
  targets: () => [],
});

/** The load beside the streams: pings, broadcasts, and sockets that connect and disconnect. */
class Bustle {
  readonly #timers: NodeJS.Timeout[];
  #coming: Promise<unknown> = Promise.resolve();

  constructor(rig: Rig, peers: BenchPeer[]) {
    let next = 0;
    let comers: BenchPeer[] = [];
    this.#timers = [
      setInterval(() => {
        for (let index = 0; index < pingersAtOnce; index++) peers[next++ % peers.length]?.send({ type: "ping" });
      }, pingEveryMs),
      setInterval(() => {
        for (const peer of comers) peer.cut();
        this.#coming = rig
          .open(comersAtOnce, {
            begun(peer) {
              peer.isMeasured = false;
            },
          })
          .then((opened) => {
            comers = opened;
          });
      }, comersEveryMs),
      setInterval(() => {
        void rig.tell({ ask: "broadcast", rhythm: { bursts: 1, burst: 1, pauseMs: 0, characters } });
      }, broadcastEveryMs),
    ];
  }

  async end(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#coming;
  }
}
