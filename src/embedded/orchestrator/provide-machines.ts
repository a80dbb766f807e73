// Implements the names that the charts in machines/ declare: each action and guard is one call.
import type { AnyActorRef } from "xstate";
import { conversationMachine } from "../../../machines/conversation.ts";
import { turnMachine } from "../../../machines/turn.ts";
import type { Limits } from "../../limits.ts";
import type { ConversationActions } from "./conversation-actions.ts";

interface At {
  context: { conversationId: string };
}

export interface ChartParts {
  /** Throws when the conversation is not registered, which would be a defect. */
  workOf(conversationId: string): ConversationActions;
  tell(conversationId: string, event: { type: "agent.ended" | "compaction.finished" }): void;
  /** Called when a conversation's chart has invoked a turn actor. */
  turnBegun(turn: AnyActorRef, conversationId: string): void;
  limits: Limits;
}

/** One machine for all conversations: `provide` parses the chart each time. */
export function conversationLogic({ workOf, tell, turnBegun, limits }: ChartParts): typeof conversationMachine {
  const at = ({ context }: At): ConversationActions => workOf(context.conversationId);
  const turn = turnMachine.provide({
    actions: {
      announceTurn: (args) => {
        turnBegun(args.self, args.context.conversationId);
        at(args).announceTurn();
      },
      beginAgent: (args) => {
        const { context, self } = args;
        at(args).beginAgent(self, () => tell(context.conversationId, { type: "agent.ended" }));
      },
      noteActivity: (args) => at(args).noteActivity(),
      conclude: (args, ending) => at(args).conclude(ending),
    },
  });
  return conversationMachine.provide({
    actors: { turn },
    actions: {
      openTurn: (args) => {
        const work = at(args);
        args.self.send({ type: work.openTurn(work.input.request) ? "turn.opened" : "turn.refused" });
      },
      openTurnFromQueue: (args) => {
        args.self.send({ type: at(args).openTurn(undefined) ? "turn.opened" : "turn.refused" });
      },
      refuseTurn: (args) => at(args).refuseTurn(),
      queueText: (args) => at(args).queueText(),
      withdrawText: (args) => {
        if (at(args).withdrawText()) args.self.send({ type: "queue.emptied" });
      },
      markClosed: (args) => at(args).markClosed(),
      answerCancelled: (args) => at(args).answerCancelled(),
      failTurn: (args) => at(args).failTurn(),
      abandonAgent: (args) => at(args).abandonAgent(),
      sealTurn: (args) => args.self.send({ type: at(args).seal() ? "turn.stored" : "store.failed" }),
      recoverTurn: (args) => args.self.send({ type: at(args).recover() ? "turn.stored" : "store.failed" }),
      beginCompaction: (args) => {
        const { conversationId } = args.context;
        at(args).beginCompaction(() => tell(conversationId, { type: "compaction.finished" }));
      },
      abortCompaction: (args) => at(args).compacting.abort(),
      refuseCompaction: (args) => at(args).refuseCompaction(),
      letGo: (args) => at(args).letGo(),
    },
    guards: {
      answerIsUnsealed: (args) => at(args).answerIsUnsealed(),
      turnWasCrashed: (args) => at(args).turnWasCrashed(),
      isClosed: (args) => at(args).isClosed(),
      textsWait: (args) => at(args).textsWait(),
      textsCarryOver: (args) => at(args).textsCarryOver(),
      textsCameMeanwhile: (args) => at(args).textsCameMeanwhile(),
      conversationExists: (args) => at(args).conversationExists(),
      isTheTurnMeant: (args) => at(args).isTheTurnMeant(),
      nobodyIsThere: (args) => at(args).nobodyIsThere(),
    },
    delays: { agentStopTime: limits.agentStopMs, sealRetryPause: limits.sealRetryMs },
  });
}
