// `npm run sequence`: plays a run of the real server, says how many of its events actors have sent to one another, and
// draws it into docs/sequence.svg.
import { writeFileSync } from "node:fs";
import { countSources, drawSequence } from "./sequence/draw.ts";
import { playRun } from "./sequence/run.ts";

const title = "Two sockets watch a conversation: a turn, a queued text, a slow socket, and the server drains";
const changes = await playRun();
const { sent, total } = countSources(changes);
process.stdout.write(`${sent} of ${total} application events were sent by an actor\n`);
writeFileSync(new URL("../docs/sequence.svg", import.meta.url), drawSequence(title, changes));
process.stdout.write("docs/sequence.svg\n");
