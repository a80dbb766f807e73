// A turn as people see it: what the agent is doing, how many of its tools are open, and how the turn ended. It is not
// the chart of machines/turn.ts: it counts open tools, and includes events that change nothing.
import { assign, setup } from "xstate";

export type TurnModelEvent =
  | { type: "agent.reasons" }
  | { type: "agent.writes" }
  | { type: "agent.callsTool" }
  | { type: "tool.returns" }
  | { type: "agent.retries" }
  | { type: "agent.completesStep" }
  | { type: "agent.stalls" }
  | { type: "agent.takesTexts" }
  | { type: "agent.stops" }
  | { type: "agent.reachesLength" }
  | { type: "agent.reachesStepLimit" }
  | { type: "agent.fails" }
  | { type: "agent.saysTooMuch" }
  | { type: "agent.isLost" }
  | { type: "everyone.leaves" }
  | { type: "person.cancels" }
  | { type: "person.closes" }
  | { type: "time.isOver" }
  | { type: "server.stops" };

/** Tools open at once. More of them would add no new behaviour. */
const openToolsMax = 2;

export const turnModel = setup({
  types: { context: {} as { openTools: number }, events: {} as TurnModelEvent },
  actions: {
    openTool: assign(({ context }) => ({ openTools: context.openTools + 1 })),
    closeTool: assign(({ context }) => ({ openTools: context.openTools - 1 })),
    forgetTools: assign({ openTools: 0 }),
  },
  guards: {
    toolMayOpen: ({ context }) => context.openTools < openToolsMax,
    toolIsOpen: ({ context }) => context.openTools > 0,
    isLastTool: ({ context }) => context.openTools === 1,
  },
}).createMachine({
  id: "turn",
  context: { openTools: 0 },
  initial: "running",
  states: {
    running: {
      initial: "starting",
      on: {
        "agent.reasons": ".thinking",
        "agent.writes": ".writing",
        "agent.callsTool": { guard: "toolMayOpen", target: ".runningTools", actions: "openTool" },
        "tool.returns": { guard: "toolIsOpen", actions: "closeTool" },
        "agent.retries": ".retrying",
        "agent.completesStep": { target: ".continuing", actions: "forgetTools" },
        "agent.stops": "finished.withStop",
        "agent.reachesLength": "finished.withLength",
        "agent.reachesStepLimit": "finished.withStepLimit",
        "agent.fails": "failed",
        "agent.saysTooMuch": "outgrown",
        "person.cancels": "cancelled",
        "person.closes": "cancelled",
        "time.isOver": "overtime",
        "agent.isLost": "lost",
        "everyone.leaves": "unwatched",
        "server.stops": "interrupted",
      },
      states: {
        starting: { on: { "agent.stalls": "stalledAtStart" } },
        thinking: {},
        writing: {},
        runningTools: {
          on: {
            "tool.returns": { guard: "isLastTool", target: "continuing", actions: "closeTool" },
            "agent.stalls": "stalledInTools",
          },
        },
        stalledAtStart: {},
        // A returning tool is a sign of life: the turn continues where it was.
        stalledInTools: {
          on: {
            "tool.returns": [
              { guard: "isLastTool", target: "continuing", actions: "closeTool" },
              { guard: "toolIsOpen", target: "runningTools", actions: "closeTool" },
            ],
          },
        },
        continuing: { on: { "agent.takesTexts": {} } },
        retrying: {},
      },
    },
    finished: {
      initial: "withStop",
      states: { withStop: {}, withLength: {}, withStepLimit: {} },
    },
    failed: {},
    outgrown: {},
    cancelled: {},
    overtime: {},
    lost: {},
    unwatched: {},
    interrupted: {},
  },
});
