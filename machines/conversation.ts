// A conversation while it is in use: it rests, writes one answer at a time, seals it, continues with the queued texts,
// or is compacted. It must never begin a turn in any state but opening.
import { type AnyEventObject, fromCallback, sendTo, setup } from "xstate";
import type { Meta } from "./meta.ts";
import { type TurnOutput, turnMachine } from "./turn.ts";

export interface ConversationInput {
  conversationId: string;
}

/** What a command asks, and where its answer goes. The chart passes both on without looking at them. */
export interface Asked {
  request: object;
  reply(answer: object): void;
}

export type ConversationEvent =
  // Commands from people.
  | { type: "turn.start"; asked?: Asked }
  | { type: "turn.cancel"; asked?: Asked }
  | { type: "text.queue"; asked?: Asked }
  | { type: "text.withdraw"; asked?: Asked }
  | { type: "compaction.start"; asked?: Asked }
  | { type: "conversation.close"; asked?: Asked }
  // Commands from the server.
  | { type: "turn.interrupt" }
  | { type: "compaction.abort" }
  | { type: "conversation.leave" }
  // Their results.
  | { type: "turn.opened" }
  | { type: "turn.refused" }
  | { type: "agent.ended" }
  | { type: "turn.stored" }
  | { type: "store.failed" }
  | { type: "queue.emptied" }
  | { type: "compaction.finished" }
  | { type: "everyone.left" };

/** What the store's actor is to do, and answers in the same call. */
export interface StoreInput extends ConversationInput {
  /**
   * `open` stores the question and says turn.opened or turn.refused. `seal` stores the answer, `recover` what a crash
   * has left unsealed, and both say turn.stored or store.failed.
   */
  task: "open" | "seal" | "recover";
  /** Only with `open`. Without it the queued texts alone begin the turn. */
  asked?: Asked | undefined;
}

export const conversationMachine = setup({
  types: {
    context: {} as ConversationInput,
    input: {} as ConversationInput,
    events: {} as ConversationEvent,
    meta: {} as Meta<ConversationEvent>,
    children: {} as { turn: "turn"; store: "store" },
    tags: {} as "active",
  },
  actors: { turn: turnMachine, store: fromCallback<AnyEventObject, StoreInput>(() => {}) },
  actions: {
    refuseTurn: () => {},
    queueText: () => {},
    withdrawText: () => {},
    markClosed: () => {},
    answerCancelled: () => {},
    cancelTurn: sendTo("turn", { type: "turn.cancel" }),
    interruptTurn: sendTo("turn", { type: "turn.interrupt" }),
    failTurn: () => {},
    abandonAgent: () => {},
    beginCompaction: () => {},
    abortCompaction: () => {},
    refuseCompaction: () => {},
    letGo: () => {},
  },
  guards: {
    answerIsUnsealed: () => false,
    turnWasCrashed: () => false,
    isClosed: () => false,
    textsWait: () => false,
    textsCarryOver: () => false,
    textsCameMeanwhile: () => false,
    conversationExists: () => false,
    isTheTurnMeant: () => false,
    nobodyIsThere: () => false,
    agentHasEnded: (_, output: TurnOutput) => output.agentHasEnded,
  },
  delays: { agentStopTime: 0, sealRetryPause: 0 },
}).createMachine({
  id: "conversation",
  description: "One turn at a time; a request for another while one runs is refused or queued.",
  context: ({ input }) => input,
  initial: "settling",
  on: {
    "turn.start": { actions: "refuseTurn" },
    "text.queue": { actions: "queueText" },
    "text.withdraw": { actions: "withdrawText" },
    "compaction.start": { actions: "refuseCompaction" },
    "conversation.close": { actions: "markClosed" },
    "conversation.leave": { target: ".gone", actions: "letGo" },
  },
  states: {
    settling: {
      description: "Chooses what is left to do: an answer to seal, a crashed turn to recover, or nothing.",
      always: [
        { guard: "answerIsUnsealed", target: "sealing" },
        { guard: "turnWasCrashed", target: "recovering" },
        { guard: "isClosed", target: "resting.closed" },
        { guard: "textsWait", target: "resting.queued" },
        { target: "resting.idle" },
      ],
    },
    recovering: {
      description: "A crash has left a turn unsealed; its journal is moved to the history.",
      tags: "active",
      meta: {
        ignores: ["turn.cancel", "turn.interrupt", "compaction.abort", "queue.emptied", "everyone.left"],
        neverGets: ["turn.opened", "turn.refused", "agent.ended", "compaction.finished"],
      },
      initial: "storing",
      states: {
        storing: {
          description: "The turn is being ended as interrupted.",
          invoke: { src: "store", id: "store", input: ({ context }) => ({ ...context, task: "recover" }) },
          on: { "turn.stored": "#conversation.settling", "store.failed": "waitingForStore" },
        },
        waitingForStore: {
          description: "The store failed; the next attempt follows after a pause.",
          after: { sealRetryPause: "storing" },
          meta: { neverGets: ["turn.stored", "store.failed"] },
        },
      },
    },
    resting: {
      description: "No turn runs; one may be started.",
      meta: {
        // A compaction orphaned by a defect may end here, or during a later turn.
        ignores: ["turn.cancel", "turn.interrupt", "compaction.abort", "compaction.finished"],
        neverGets: ["turn.opened", "turn.refused", "agent.ended", "turn.stored", "store.failed"],
      },
      initial: "idle",
      on: {
        "turn.start": "opening",
        "text.queue": "opening",
        "compaction.start": "compacting",
        "conversation.close": [
          { guard: "conversationExists", target: ".closed", actions: "markClosed" },
          // An unknown conversation is not marked as closed; without this branch the root would mark it.
          { actions: [] },
        ],
      },
      states: {
        idle: {
          description: "No turn and no queued texts; it exists for its watchers.",
          always: { guard: "nobodyIsThere", target: "#conversation.gone" },
          on: { "everyone.left": "#conversation.gone" },
          meta: { neverGets: ["queue.emptied"] },
        },
        queued: {
          description: "Queued texts wait for the next text that is sent.",
          on: { "queue.emptied": "idle" },
          // The conversation stays as long as texts are queued.
          meta: { ignores: ["everyone.left"] },
        },
        closed: {
          description: "It was closed; its next text reopens it.",
          always: { guard: "nobodyIsThere", target: "#conversation.gone" },
          on: { "everyone.left": "#conversation.gone" },
          meta: { neverGets: ["queue.emptied"] },
        },
      },
    },
    opening: {
      description: "A turn was requested, or texts were queued meanwhile; it is accepted once the question is stored.",
      invoke: {
        src: "store",
        id: "store",
        input: ({ context, event }) => ({ ...context, task: "open", ...("asked" in event && { asked: event.asked }) }),
      },
      // The store answers in the same call.
      meta: {
        neverGets: [
          "turn.cancel",
          "turn.interrupt",
          "compaction.abort",
          "agent.ended",
          "turn.stored",
          "store.failed",
          "queue.emptied",
          "compaction.finished",
          "everyone.left",
        ],
      },
      on: { "turn.opened": "generating", "turn.refused": "settling" },
    },
    generating: {
      description: "An answer is being written.",
      tags: "active",
      meta: {
        ignores: ["compaction.abort", "compaction.finished", "queue.emptied", "everyone.left"],
        neverGets: ["turn.opened", "turn.refused", "agent.ended", "turn.stored", "store.failed"],
      },
      invoke: {
        src: "turn",
        id: "turn",
        input: ({ context }) => ({ conversationId: context.conversationId }),
        onDone: [
          { guard: { type: "agentHasEnded", params: ({ event }) => event.output }, target: "sealing" },
          { target: "stopping" },
        ],
        onError: { target: "stopping", actions: "failTurn" },
      },
      on: {
        "turn.cancel": { guard: "isTheTurnMeant", actions: ["answerCancelled", "cancelTurn"] },
        "turn.interrupt": { actions: "interruptTurn" },
        "conversation.close": { actions: ["markClosed", "answerCancelled", "cancelTurn"] },
      },
    },
    stopping: {
      description: "The turn's done event is out; its agent was told to stop and has agentStopMs to do so.",
      tags: "active",
      on: { "agent.ended": "sealing" },
      meta: {
        ignores: [
          "turn.cancel",
          "turn.interrupt",
          "compaction.abort",
          "compaction.finished",
          "queue.emptied",
          "everyone.left",
        ],
        neverGets: ["turn.opened", "turn.refused", "turn.stored", "store.failed"],
      },
      after: { agentStopTime: { target: "sealing", actions: "abandonAgent" } },
    },
    sealing: {
      description: "The answer is moved to the history; only then is the turn over.",
      tags: "active",
      meta: {
        ignores: [
          "turn.cancel",
          "turn.interrupt",
          // From an abandoned agent, or from a compaction orphaned by a defect.
          "agent.ended",
          "compaction.finished",
          "compaction.abort",
          "queue.emptied",
          "everyone.left",
        ],
        neverGets: ["turn.opened", "turn.refused"],
      },
      initial: "storing",
      states: {
        storing: {
          description: "The rest of the answer and the end of the turn are being stored.",
          invoke: { src: "store", id: "store", input: ({ context }) => ({ ...context, task: "seal" }) },
          on: {
            "turn.stored": [
              { guard: "textsCarryOver", target: "#conversation.opening" },
              { target: "#conversation.settling" },
            ],
            "store.failed": "waitingForStore",
          },
        },
        waitingForStore: {
          description: "The store failed; the next attempt follows after a pause.",
          after: { sealRetryPause: "storing" },
          meta: { neverGets: ["turn.stored", "store.failed"] },
        },
      },
    },
    compacting: {
      description: "The model summarises the older messages; new texts are queued meanwhile.",
      entry: "beginCompaction",
      on: {
        "compaction.abort": { actions: "abortCompaction" },
        "compaction.finished": [{ guard: "textsCameMeanwhile", target: "opening" }, { target: "settling" }],
      },
      meta: {
        ignores: ["turn.cancel", "turn.interrupt", "queue.emptied", "everyone.left"],
        neverGets: ["turn.opened", "turn.refused", "agent.ended", "turn.stored", "store.failed"],
      },
    },
    gone: {
      description: "Nothing runs and nobody watches; the store has the rest.",
      type: "final",
    },
  },
});
