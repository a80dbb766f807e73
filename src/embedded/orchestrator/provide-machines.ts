// Implements the names that the charts in machines/ declare: each action and guard is one call.
import { type AnyActorRef, type AnyEventObject, fromCallback } from "xstate";
import {
  type Asked,
  type ConversationEvent,
  conversationMachine,
  type StoreInput,
} from "../../../machines/conversation.ts";
import { type TurnInput, turnMachine } from "../../../machines/turn.ts";
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
  commandOf("asked" in event ? event.asked : undefined) ?? { request: {}, reply() {} };

const commandOf = (asked: Asked | undefined): Command | undefined => asked as Command | undefined;

/** One machine for all conversations: `provide` parses the chart each time. */
export function conversationLogic({
  workOf,
  tell,
  turnBegun,
  limits,
  orphanMs,
}: ChartParts): typeof conversationMachine {
  const at = ({ context }: At): ConversationActions => workOf(context.conversationId);
  const agent = fromCallback<AnyEventObject, TurnInput>(({ input: { conversationId }, sendBack }) => {
    workOf(conversationId).beginAgent(sendBack, () => tell(conversationId, { type: "agent.ended" }));
  });
  const turn = turnMachine.provide({
    actors: { agent },
    actions: {
      announceTurn: (args) => {
        turnBegun(args.self);
        at(args).announceTurn(args.self);
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
  const store = fromCallback<AnyEventObject, StoreInput>(({ input: { conversationId, task, asked }, sendBack }) => {
    const work = workOf(conversationId);
    if (task === "open") sendBack({ type: work.openTurn(commandOf(asked)) ? "turn.opened" : "turn.refused" });
    else sendBack({ type: (task === "seal" ? work.seal() : work.recover()) ? "turn.stored" : "store.failed" });
  });
  return conversationMachine.provide({
    actors: { turn, store },
    actions: {
      refuseTurn: (args) => at(args).refuseTurn(commandIn(args)),
      queueText: (args) => at(args).queueText(commandIn(args)),
      withdrawText: (args) => {
        if (at(args).withdrawText(commandIn(args))) args.self.send({ type: "queue.emptied" });
      },
      markClosed: (args) => at(args).markClosed(),
      answerCancelled: (args) => at(args).answerCancelled(commandIn(args)),
      failTurn: (args) => at(args).failTurn(),
      abandonAgent: (args) => at(args).abandonAgent(),
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
