// A conversation while anything goes on in it: it rests, writes one answer at a time, seals it, goes on with the texts
// that wait, or is compacted. Must never begin a turn in any state but resting and carryingOver.
import { sendTo, setup } from "xstate";
import type { Meta } from "./meta.ts";
import { type TurnOutput, turnMachine } from "./turn.ts";

export interface ConversationInput {
  conversationId: string;
}

/**
 * Commands come bare: what was asked, and the answer, lie with the conversation in src, so that no person's words enter
 * a mailbox, where an inspector would show them.
 */
export type ConversationEvent =
  // What people and the server ask for.
  | { type: "turn.start" }
  | { type: "turn.cancel" }
  | { type: "turn.interrupt" }
  | { type: "text.queue" }
  | { type: "text.withdraw" }
  | { type: "compaction.start" }
  | { type: "compaction.abort" }
  | { type: "conversation.close" }
  | { type: "conversation.leave" }
  // What has come of it.
  | { type: "turn.opened" }
  | { type: "turn.refused" }
  | { type: "agent.ended" }
  | { type: "turn.stored" }
  | { type: "store.failed" }
  | { type: "queue.emptied" }
  | { type: "compaction.finished" }
  | { type: "everyone.left" };

/** A turn is opened, or refused, within the entry action: nobody else is heard in between. */
const neverWhileOpening: Meta<ConversationEvent> = {
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
};

export const conversationMachine = setup({
  types: {
    context: {} as ConversationInput,
    input: {} as ConversationInput,
    events: {} as ConversationEvent,
    meta: {} as Meta<ConversationEvent>,
    children: {} as { turn: "turn" },
  },
  actors: { turn: turnMachine },
  actions: {
    openTurn: () => {},
    openTurnFromQueue: () => {},
    refuseTurn: () => {},
    queueText: () => {},
    withdrawText: () => {},
    markClosed: () => {},
    answerCancelled: () => {},
    cancelTurn: sendTo("turn", { type: "turn.cancel" }),
    interruptTurn: sendTo("turn", { type: "turn.interrupt" }),
    failTurn: () => {},
    abandonAgent: () => {},
    sealTurn: () => {},
    recoverTurn: () => {},
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
  description: "One turn at a time; whoever asks for another while one runs is refused or waits in the queue.",
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
      description:
        "Looks what is left to do and becomes that: an answer to seal, a crashed turn to recover, else rest.",
      always: [
        { guard: "answerIsUnsealed", target: "sealing" },
        { guard: "turnWasCrashed", target: "recovering" },
        { guard: "isClosed", target: "resting.closed" },
        { guard: "textsWait", target: "resting.queued" },
        { target: "resting.idle" },
      ],
    },
    recovering: {
      description: "A crash has left a turn unsealed: what the journal holds of it becomes history.",
      meta: {
        ignores: ["turn.cancel", "turn.interrupt", "compaction.abort", "queue.emptied", "everyone.left"],
        neverGets: ["turn.opened", "turn.refused", "agent.ended", "compaction.finished"],
      },
      initial: "storing",
      states: {
        storing: {
          description: "The turn is being ended as interrupted.",
          entry: "recoverTurn",
          on: { "turn.stored": "#conversation.settling", "store.failed": "waitingForStore" },
        },
        waitingForStore: {
          description: "The store failed; the next try comes after a pause.",
          after: { sealRetryPause: "storing" },
          meta: { neverGets: ["turn.stored", "store.failed"] },
        },
      },
    },
    resting: {
      description: "No turn runs; one may be started.",
      meta: {
        // A compaction that a defect has left behind may end here, or in the turns that follow.
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
          // Nothing is known of it: it is not marked, by this state or by the root.
          { actions: [] },
        ],
      },
      states: {
        idle: {
          description: "Nothing goes on; it is there for its watchers.",
          always: { guard: "nobodyIsThere", target: "#conversation.gone" },
          on: { "everyone.left": "#conversation.gone" },
          meta: { neverGets: ["queue.emptied"] },
        },
        queued: {
          description: "Texts wait for the next one that is sent.",
          on: { "queue.emptied": "idle" },
          // The texts stay, and so does the conversation.
          meta: { ignores: ["everyone.left"] },
        },
        closed: {
          description: "Somebody closed it; its next text opens it again.",
          always: { guard: "nobodyIsThere", target: "#conversation.gone" },
          on: { "everyone.left": "#conversation.gone" },
          meta: { neverGets: ["queue.emptied"] },
        },
      },
    },
    opening: {
      description: "A turn was asked for; it is accepted once the question is stored.",
      entry: "openTurn",
      meta: neverWhileOpening,
      on: { "turn.opened": "generating", "turn.refused": "settling" },
    },
    generating: {
      description: "An answer is being written.",
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
      description: "The turn's end is out; its agent, told to stop, is given a while to do so.",
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
      description: "What was said is made history; only then the turn is over.",
      meta: {
        ignores: [
          "turn.cancel",
          "turn.interrupt",
          // Of an agent that was left behind, and of a compaction that a defect has left behind.
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
          description: "The rest of the answer and its end are being stored.",
          entry: "sealTurn",
          on: {
            "turn.stored": [
              { guard: "textsCarryOver", target: "#conversation.carryingOver" },
              { target: "#conversation.settling" },
            ],
            "store.failed": "waitingForStore",
          },
        },
        waitingForStore: {
          description: "The store failed; the next try comes after a pause.",
          after: { sealRetryPause: "storing" },
          meta: { neverGets: ["turn.stored", "store.failed"] },
        },
      },
    },
    carryingOver: {
      description: "Texts came while the answer was written: they open the next turn.",
      entry: "openTurnFromQueue",
      meta: neverWhileOpening,
      on: { "turn.opened": "generating", "turn.refused": "settling" },
    },
    compacting: {
      description: "The model sums up the older messages; texts wait meanwhile.",
      entry: "beginCompaction",
      on: {
        "compaction.abort": { actions: "abortCompaction" },
        "compaction.finished": [{ guard: "textsCameMeanwhile", target: "carryingOver" }, { target: "settling" }],
      },
      meta: {
        ignores: ["turn.cancel", "turn.interrupt", "queue.emptied", "everyone.left"],
        neverGets: ["turn.opened", "turn.refused", "agent.ended", "turn.stored", "store.failed"],
      },
    },
    gone: {
      description: "Nothing goes on and nobody is there; the store knows the rest.",
      type: "final",
    },
  },
});
