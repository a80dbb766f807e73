// Starts every chart, and uses everything that the server uses of XState's inside, with the XState that is installed
// beside it. Prints one line of JSON per finding: what was tried, and its result or the error.
import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type AnyActorRef,
  type AnyStateMachine,
  createActor,
  createMachine,
  type InspectionEvent,
  initialTransition,
} from "xstate";
import {
  activeNodesOf,
  isMachineSnapshot,
  parentOf,
  scheduledEventsIn,
  transitionsOf,
} from "../../src/runtime/xstate-internals.ts";

export interface Finding {
  what: string;
  result?: string;
  error?: string;
}

const repository = join(import.meta.dirname, "../..");

async function attempt(what: string, run: () => unknown): Promise<void> {
  let finding: Finding;
  try {
    finding = { what, result: JSON.stringify(await run()) };
  } catch (error) {
    finding = { what, error: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  }
  process.stdout.write(`${JSON.stringify(finding)}\n`);
}

const isMachine = (value: unknown): value is AnyStateMachine =>
  typeof value === "object" && value !== null && "config" in value && "transition" in value;

for (const file of globSync("machines/*.ts", { cwd: repository }).sort()) {
  if (file.endsWith("meta.ts")) continue;
  await attempt(`the chart in ${file} starts in`, async () => {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(repository, file)).href);
    const machine = Object.values(exported).find(isMachine);
    if (!machine) throw new Error("it exports no machine");
    const [snapshot] = initialTransition<AnyStateMachine>(machine, {});
    return snapshot.value;
  });
}

/** A chart of its own, so that a chart of ours that breaks hides nothing. */
const lamp = createMachine({
  id: "lamp",
  initial: "off",
  states: { off: { on: { press: "on" } }, on: { on: { press: "off" }, after: { 60000: "off" } } },
});
const root = createActor(lamp);
const inspected = new Map<string, number>();
root.system.inspect((event: InspectionEvent) => {
  const transitions = event.type === "@xstate.microstep" ? transitionsOf(event).length : 0;
  inspected.set(event.type, Math.max(transitions, inspected.get(event.type) ?? 0));
});
const child: AnyActorRef = createActor(lamp, { parent: root, id: "child" });

await attempt("an actor is created under a parent, and both run", () => {
  root.start();
  child.start();
  root.send({ type: "press" });
  child.send({ type: "press" });
  return [root.getSnapshot().value, child.getSnapshot().value];
});
await attempt("inspection reports, with the transitions of each", () => [...inspected].sort());
await attempt("a snapshot is known as a machine's", () => isMachineSnapshot(root.getSnapshot()));
await attempt("the active states of a snapshot", () => activeNodesOf(root.getSnapshot()).map(({ id }) => id));
await attempt("the parent of a child", () => parentOf(child)?.sessionId === root.sessionId);
await attempt("the delayed events of the system", () => scheduledEventsIn(root).map(({ event }) => event.type));
await attempt("a child's failure reaches its parent by the child's id", () => {
  const told: string[] = [];
  const parent = createActor(
    createMachine({ on: { "xstate.error.actor.child": { actions: () => void told.push("told") } } }),
  );
  const failing = createMachine({
    on: {
      press: {
        actions: () => {
          throw new Error("on purpose");
        },
      },
    },
  });
  parent.start();
  const born = createActor(failing, { parent, id: "child" });
  born.subscribe({ error: () => {} });
  born.start();
  born.send({ type: "press" });
  return told;
});
process.exit(0);
