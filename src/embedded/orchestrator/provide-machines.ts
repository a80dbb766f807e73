// Implements the names that the charts in machines/ declare: each action and guard is one call.
import type { AnyActorRef } from "xstate";
import { type ConversationEvent, conversationMachine } from "../../../machines/conversation.ts";
import { turnMachine } from "../../../machines/turn.ts";
import type { Limits } from "../../limits.ts";
import type { Command, ConversationActions } from "./conversation-actions.ts";

interface At {
  context: { conversationId: string };
}

export interface ChartParts {
  /** Throws when the conversation is not registered, which would be a defect. */
  workOf(conversationId: string): ConversationActions;
  tell(conversationId: string, event: { type: "agent.ended" | "compaction.finished" }): void;
  /** Called when a conversation's chart has invoked a turn actor. */
  turnBegun(turn: AnyActorRef): void;
  limits: Limits;
  /** See Services.orphanMs. */
  orphanMs: number;
}

/** The command that the chart is carrying out. The server's own have nothing to ask, and need no answer. */
const commandIn = ({ event }: { event: ConversationEvent }): Command =>
  "asked" in event && event.asked ? (event.asked as Command) : { request: {}, reply() {} };

/** One machine for all conversations: `provide` parses the chart each time. */
export function conversationLogic({
  workOf,
  tell,
  turnBegun,
  limits,
  orphanMs,
}: ChartParts): typeof conversationMachine {
  const at = ({ context }: At): ConversationActions => workOf(context.conversationId);
  const turn = turnMachine.provide({
    actions: {
      announceTurn: (args) => {
        turnBegun(args.self);
        at(args).announceTurn();
      },
      beginAgent: (args) => {
        const { context, self } = args;
        at(args).beginAgent(self, () => tell(context.conversationId, { type: "agent.ended" }));
      },
      noteActivity: (args) => at(args).noteActivity(),
      conclude: (args, ending) => at(args).conclude(ending),
    },
    guards: {
      isSilent: (_, { silentMs }) => silentMs >= limits.agentSilentMs,
      isLost: (_, { silentMs }) => silentMs >= limits.agentLostMs,
      isOvertime: (_, { runningMs }) => runningMs >= limits.turnMs,
      isUnwatched: (_, { unwatchedMs }) => unwatchedMs !== undefined && unwatchedMs >= orphanMs,
    },
  });
  return conversationMachine.provide({
    actors: { turn },
    actions: {
      openTurn: (args) => {
        args.self.send({ type: at(args).openTurn(commandIn(args)) ? "turn.opened" : "turn.refused" });
      },
      openTurnFromQueue: (args) => {
        args.self.send({ type: at(args).openTurn() ? "turn.opened" : "turn.refused" });
      },
      refuseTurn: (args) => at(args).refuseTurn(commandIn(args)),
      queueText: (args) => at(args).queueText(commandIn(args)),
      withdrawText: (args) => {
        if (at(args).withdrawText(commandIn(args))) args.self.send({ type: "queue.emptied" });
      },
      markClosed: (args) => at(args).markClosed(),
      answerCancelled: (args) => at(args).answerCancelled(commandIn(args)),
      failTurn: (args) => at(args).failTurn(),
      abandonAgent: (args) => at(args).abandonAgent(),
      sealTurn: (args) => args.self.send({ type: at(args).seal() ? "turn.stored" : "store.failed" }),
      recoverTurn: (args) => args.self.send({ type: at(args).recover() ? "turn.stored" : "store.failed" }),
      beginCompaction: (args) => {
        const { conversationId } = args.context;
        at(args).beginCompaction(commandIn(args), () => tell(conversationId, { type: "compaction.finished" }));
      },
      abortCompaction: (args) => at(args).compacting.abort(),
      refuseCompaction: (args) => at(args).refuseCompaction(commandIn(args)),
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
      isTheTurnMeant: (args) => at(args).isTheTurnMeant(commandIn(args)),
      nobodyIsThere: (args) => at(args).nobodyIsThere(),
    },
    delays: { agentStopTime: limits.agentStopMs, sealRetryPause: limits.sealRetryMs },
  });
}
