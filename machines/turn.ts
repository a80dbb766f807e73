// One answer being written: the agent thinks, writes and runs tools until the turn ends in exactly one final state. It
// must never receive a delta; the turn runner sends it only the events that change its state.
import { type AnyEventObject, fromCallback, setup } from "xstate";
import type { DoneReason } from "../src/protocol/turn-event.ts";
import type { Meta } from "./meta.ts";

export interface TurnInput {
  conversationId: string;
}

export interface TurnFailure {
  /** A sentence for the person waiting for the answer. */
  message: string;
  code?: string | undefined;
}

/** How a turn ended: the name of its final state, and the reason that clients get in `done` (protocol 1.3). */
export const doneReasons = {
  done: undefined,
  failed: "error",
  outgrown: "error",
  cancelled: "aborted",
  interrupted: "interrupted",
  overtime: "aborted",
  lost: "aborted",
  unwatched: "aborted",
} as const satisfies Record<string, DoneReason | undefined>;

export type TurnEnd = keyof typeof doneReasons;

/** `done` has the agent's own reason; `failed` and `outgrown` have a failure. */
export interface TurnEnding {
  end: TurnEnd;
  reason?: DoneReason;
  failure?: TurnFailure;
}

/** What the watchdog has measured, in milliseconds. */
export interface TurnCheck {
  /** Since the turn's last event. */
  silentMs: number;
  /** Since the turn began. */
  runningMs: number;
  /** Since nobody watches; undefined while somebody does. */
  unwatchedMs: number | undefined;
}

export interface TurnOutput {
  /** The agent has ended, so the turn may be sealed at once. */
  agentHasEnded: boolean;
}

/** What the agent's actor sends. It speaks for code that may be a host's, and is stopped as soon as the turn ends. */
export type AgentSignal =
  | { type: "agent.thinking" }
  | { type: "agent.writing" }
  | { type: "tools.started" }
  | { type: "tools.finished" }
  | { type: "retry.scheduled" }
  | { type: "step.finished" }
  | { type: "agent.resumed" }
  | { type: "agent.finished"; reason: "stop" | "length" | "tool-calls" }
  | { type: "agent.failed"; failure: TurnFailure };

export type TurnMachineEvent =
  | AgentSignal
  | { type: "log.full"; failure: TurnFailure }
  | ({ type: "turn.checked" } & TurnCheck)
  | { type: "turn.cancel" }
  | { type: "turn.interrupt" };

export const turnMachine = setup({
  types: {
    context: {} as TurnInput,
    input: {} as TurnInput,
    events: {} as TurnMachineEvent,
    meta: {} as Meta<TurnMachineEvent>,
    output: {} as TurnOutput,
    children: {} as { agent: "agent" },
  },
  actors: { agent: fromCallback<AnyEventObject, TurnInput>(() => {}) },
  actions: {
    announceTurn: () => {},
    noteActivity: () => {},
    conclude: (_, _ending: TurnEnding) => {},
  },
  guards: {
    isSilent: (_, _check: TurnCheck) => false,
    isLost: (_, _check: TurnCheck) => false,
    isOvertime: (_, _check: TurnCheck) => false,
    isUnwatched: (_, _check: TurnCheck) => false,
  },
}).createMachine({
  id: "turn",
  description: "One answer, from the question to the end of the turn.",
  context: ({ input }) => input,
  initial: "running",
  output: ({ event }) => event.output as TurnOutput,
  states: {
    running: {
      description: "The agent works and its events are accepted.",
      entry: "announceTurn",
      invoke: { src: "agent", id: "agent", input: ({ context }) => context },
      initial: "working",
      on: {
        "agent.finished": {
          target: "done",
          actions: { type: "conclude", params: ({ event }) => ({ end: "done", reason: event.reason }) },
        },
        "agent.failed": {
          target: "failed",
          actions: { type: "conclude", params: ({ event }) => ({ end: "failed", failure: event.failure }) },
        },
        "log.full": {
          target: "outgrown",
          actions: { type: "conclude", params: ({ event }) => ({ end: "outgrown", failure: event.failure }) },
        },
        "turn.cancel": { target: "cancelled", actions: { type: "conclude", params: { end: "cancelled" } } },
        "turn.interrupt": { target: "interrupted", actions: { type: "conclude", params: { end: "interrupted" } } },
        "turn.checked": [
          {
            guard: { type: "isOvertime", params: ({ event }) => event },
            target: "overtime",
            actions: { type: "conclude", params: { end: "overtime" } },
          },
          {
            guard: { type: "isUnwatched", params: ({ event }) => event },
            target: "unwatched",
            actions: { type: "conclude", params: { end: "unwatched" } },
          },
          {
            guard: { type: "isLost", params: ({ event }) => event },
            target: "lost",
            actions: { type: "conclude", params: { end: "lost" } },
          },
          {
            guard: { type: "isSilent", params: ({ event }) => event },
            target: ".stalled",
            actions: "noteActivity",
          },
        ],
      },
      states: {
        working: {
          description: "The agent emits events.",
          initial: "starting",
          on: {
            "agent.thinking": { target: ".thinking", actions: "noteActivity" },
            "agent.writing": { target: ".writing", actions: "noteActivity" },
            "tools.started": { target: ".runningTools", actions: "noteActivity" },
            "retry.scheduled": { target: ".retrying", actions: "noteActivity" },
            "step.finished": { target: ".continuing", actions: "noteActivity" },
          },
          meta: { neverGets: ["agent.resumed"] },
          states: {
            starting: {
              description: "The model has been asked and has not answered yet.",
              meta: { neverGets: ["tools.finished"] },
            },
            thinking: {
              description: "The model reasons.",
              meta: { neverGets: ["tools.finished"] },
            },
            writing: {
              description: "The model writes its answer.",
              meta: { neverGets: ["tools.finished"] },
            },
            runningTools: {
              description: "Tools that the model called are running.",
              on: { "tools.finished": { target: "continuing", actions: "noteActivity" } },
            },
            continuing: {
              description: "A step or its tools have finished; the model has been asked to continue.",
              meta: { neverGets: ["tools.finished"] },
            },
            retrying: {
              description: "The model could not be reached; a retry is scheduled.",
              meta: { neverGets: ["tools.finished"] },
            },
            before: {
              description: "The state before the agent stalled.",
              type: "history",
            },
          },
        },
        stalled: {
          description: "The agent has emitted nothing for agentSilentMs; its next event restores the state before.",
          on: { "agent.resumed": { target: "working.before", actions: "noteActivity" } },
          meta: {
            // The runner sends agent.resumed before the event itself.
            neverGets: [
              "agent.thinking",
              "agent.writing",
              "tools.started",
              "tools.finished",
              "retry.scheduled",
              "step.finished",
            ],
          },
        },
      },
    },
    done: {
      description: "The agent has finished its answer.",
      type: "final",
      output: { agentHasEnded: true },
    },
    failed: {
      description: "The agent threw; its answer so far is kept.",
      type: "final",
      output: { agentHasEnded: true },
    },
    outgrown: {
      description: "The answer is larger than a turn may be; the agent has been told to stop.",
      type: "final",
      output: { agentHasEnded: false },
    },
    cancelled: {
      description: "Somebody stopped it; the agent has been told to stop.",
      type: "final",
      output: { agentHasEnded: false },
    },
    overtime: {
      description: "It ran longer than turnMs; the agent has been told to stop.",
      type: "final",
      output: { agentHasEnded: false },
    },
    lost: {
      description: "Its agent was silent for agentLostMs; the agent has been told to stop.",
      type: "final",
      output: { agentHasEnded: false },
    },
    unwatched: {
      description: "Nobody watched it for the time of --orphans; the agent has been told to stop.",
      type: "final",
      output: { agentHasEnded: false },
    },
    interrupted: {
      description: "The server stops; the agent has been told to stop.",
      type: "final",
      output: { agentHasEnded: false },
    },
  },
});
