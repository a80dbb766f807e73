// `npm run sequence`: plays a run of the real server, says how many of its events actors have sent to one another, and
// draws it into docs/sequence.svg, and its first turn alone into docs/turn.svg.
import { writeFileSync } from "node:fs";
import type { ActorChange } from "../src/diagnostics/inspection.ts";
import { countSources, drawSequence, firstTurnOf, type Part } from "./sequence/draw.ts";
import { playRun } from "./sequence/run.ts";

function save(name: string, title: string, changes: readonly ActorChange[], part?: Part): void {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), drawSequence(title, changes, part));
  process.stdout.write(`docs/${name}\n`);
}

const changes = await playRun();
const { sent, total } = countSources(changes);
process.stdout.write(`${sent} of ${total} application events were sent by an actor\n`);
save(
  "sequence.svg",
  "Two sockets watch a conversation: a turn, a queued text, a slow socket, and the server drains",
  changes,
);
save("turn.svg", "A socket asks for a turn, and another one watches it", changes, firstTurnOf(changes));
