// A turn of 10,000 events is in progress, and one socket after the other joins. Each receives the turn from its first
// event.
import { until } from "../../load/peer.ts";
import { atLeast, everyServer, type Scale, type Workload } from "../workload.ts";

const conversationId = "late-join";
const events = 10_000;
/** user-message and turn-start come before the deltas. */
const last = events + 2;
const part = "join and catch up";
const seqField = Buffer.from('"seq":');

export const lateJoin = ({ pick }: Scale): Workload => ({
  name: "late-join",
  title: `late join into a turn of ${events.toLocaleString("en")} events`,
  unit: "join",
  sockets: 10,
  lanes: everyServer,
  parts: [part],
  repetitions: pick(5, 9),
  async prepare(rig) {
    await rig.beginTurns([conversationId], { bursts: events, burst: 1, pauseMs: 0, characters: 40 });
    const join = async (): Promise<void> => {
      const [peer] = await rig.open(1);
      if (!peer) throw new Error("no socket");
      let seq = 0;
      let askedAt = 0;
      peer.listener = (bytes, start, end) => {
        const at = bytes.lastIndexOf(seqField, end - 1);
        if (at < start || seq >= last) return;
        seq = Number.parseInt(bytes.toString("latin1", at + seqField.length, at + 14), 10);
        if (seq >= last) rig.meter.latencies.record((performance.now() - askedAt) * 1_000);
      };
      peer.isMeasured = false;
      askedAt = performance.now();
      peer.send({ type: "chat.subscribe", conversationId });
      await until(() => seq >= last, 30_000, "the last event so far");
      peer.cut();
    };
    const joins = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) await join();
    };
    await joins(pick(15, 60));
    const count = pick(4, 25);
    return () =>
      rig.measure(
        () => joins(count),
        () => count,
      );
  },
  targets: (measured) => [
    ...atLeast("late join: the CPU of replaying it with ws.send", measured.ratio(part, "turnwire", "plain-ws"), 8),
  ],
});
