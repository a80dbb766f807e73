// One visitor of the soak: connects, watches a few conversations, sends prompts now and then, may stop reading for a
// while, leaves, and resumes where it was. Measures the round trips of its pings.
import { WebSocket } from "ws";
import { isMessage, isRecord } from "../support/client/transcript.ts";
import type { Dice } from "../support/dice.ts";

export interface SoakTally {
  visits: number;
  resumed: number;
  anew: number;
  turns: number;
  events: number;
  refused: number;
  /** A description of each event that did not follow its predecessor. */
  holes: string[];
  /** Round trips of the pings since the last sample, in ms. */
  pings: number[];
}

export interface SoakVisitorOptions {
  url: string;
  dice: Dice;
  tally: SoakTally;
  /** The current conversation ids. They change, so that histories stay as long as those of real users. */
  conversations: () => string[];
  isOver: () => boolean;
}

const pauseAfterMs = 300;
const pingEveryMs = 1_000;

export async function visitAgainAndAgain(options: SoakVisitorOptions): Promise<void> {
  const cursors = new Map<string, { epoch: string; seq: number }>();
  while (!options.isOver()) {
    await visit(options, cursors);
    await new Promise((resolve) => setTimeout(resolve, options.dice.between(0, pauseAfterMs)));
    if (options.dice.chance(0.1)) cursors.clear();
  }
}

async function visit(
  { url, dice, tally, conversations, isOver }: SoakVisitorOptions,
  cursors: Map<string, { epoch: string; seq: number }>,
): Promise<void> {
  const socket = new WebSocket(url, ["turnwire.v1"], { perMessageDeflate: false });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {});
  const ids = conversations();
  const some = ids.filter(() => dice.chance(1 / 7));
  // A chat.send to an unwatched conversation subscribes from that turn on and ignores the cursor. A visitor therefore
  // watches at least one conversation and sends only to those.
  const watched = some.length > 0 ? some : [dice.pick(ids)];
  const asked = new Map<string, number>();
  let serial = 0;
  const send = (message: Record<string, unknown>): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  socket.on("open", () => {
    tally.visits++;
    for (const conversationId of watched) {
      const after = cursors.get(conversationId);
      send({ type: "chat.subscribe", conversationId, ...(after && { after }) });
    }
  });
  socket.on("message", (data) => {
    const message: unknown = JSON.parse(String(data));
    if (!isMessage(message)) return;
    const { type, conversationId, epoch, seq, recovered, id, ok, event } = message;
    if (type === "chat.subscribed") {
      if (recovered === true) tally.resumed++;
      else {
        tally.anew++;
        cursors.delete(String(conversationId));
      }
    } else if (type === "reply" && typeof id === "string") {
      const askedAt = asked.get(id);
      asked.delete(id);
      if (askedAt !== undefined) tally.pings.push(performance.now() - askedAt);
      if (ok === false) tally.refused++;
    } else if (type === "chat.delta" && isRecord(event) && typeof epoch === "string" && typeof seq === "number") {
      const from = typeof message["fromSeq"] === "number" ? message["fromSeq"] : seq;
      const name = String(event["conversationId"]);
      const last = cursors.get(name);
      if (last?.epoch === epoch && from !== last.seq + 1)
        tally.holes.push(`${name}: after ${last.seq} came ${from} (${String(event["type"])})`);
      cursors.set(name, { epoch, seq });
      tally.events += seq - from + 1;
      if (event["type"] === "turn-sealed") tally.turns++;
    }
  });
  const timer = setInterval(() => {
    const id = `p${++serial}`;
    asked.set(id, performance.now());
    send({ type: "ping", id });
    if (!dice.chance(0.2)) return;
    const message = JSON.stringify({ tokens: dice.whole(20, 300), size: 20, delayMs: dice.whole(5, 25) });
    send({
      type: "chat.send",
      conversationId: dice.pick(watched),
      message,
      model: "demo/script",
    });
  }, pingEveryMs);
  const leave = setTimeout(
    () => (dice.chance(0.5) ? socket.close(1000) : socket.terminate()),
    dice.between(500, 30_000),
  );
  const look = setInterval(() => {
    if (isOver()) socket.terminate();
    else if (dice.chance(0.02)) {
      socket.pause();
      setTimeout(() => socket.resume(), dice.between(200, 15_000));
    }
  }, 500);
  await closed;
  clearInterval(timer);
  clearInterval(look);
  clearTimeout(leave);
}
