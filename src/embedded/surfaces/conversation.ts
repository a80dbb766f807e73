// The surface `conversation`: the model and its reasoning effort, the conversation's state, and a button that stops the
// turn.
import type { Conversations } from "../../ports/conversations.ts";
import type { Orchestrator } from "../../ports/orchestrator.ts";
import type { SurfaceContext, SurfaceProvider } from "../../ports/surfaces.ts";
import { isReasoningEffort, type ReasoningEffort, reasoningEfforts } from "../../protocol/chat-send.ts";
import type { Field } from "../../protocol/surface.ts";
import type { Changes } from "../orchestrator/context.ts";

const head = { id: "conversation", region: "conversation", title: "Conversation" };

/** A chart's state name as words for the user. */
const inWords = (state: string): string =>
  state === "stalled"
    ? "stalled: no sign of life from the agent"
    : state.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** The option for "no effort set for this conversation". */
const usualEffort = "default";

const textOf = (payload: unknown): string => {
  const value: unknown =
    typeof payload === "object" && payload !== null && "value" in payload ? payload.value : payload;
  if (typeof value !== "string") throw new Error('the payload must be {"value": "<one of the options>"}');
  return value;
};

export interface ConversationSurfaceOptions {
  orchestrator: Orchestrator;
  conversations: Conversations;
  /** A conversation's state by its name in the charts. */
  activity: (conversationId: string) => string;
  changes: Changes;
}

export function createConversationSurface(options: ConversationSurfaceOptions): SurfaceProvider {
  const { orchestrator, conversations, activity, changes } = options;
  const models = (): string[] => conversations.models?.().models ?? [];

  const fields = ({ conversationId }: { conversationId: string }): Field[] => {
    const settings = conversations.settings?.(conversationId);
    const listed = models();
    const model = settings?.model ?? listed[0] ?? "";
    const options = listed.includes(model) ? listed : [model, ...listed];
    return [
      {
        kind: "selector",
        label: "Model",
        value: model,
        options: options.map((value) => ({ value, label: value })),
        action: { actionId: "set-model" },
      },
      {
        kind: "selector",
        label: "Effort",
        value: settings?.reasoningEffort ?? usualEffort,
        options: [usualEffort, ...reasoningEfforts].map((value) => ({ value, label: value })),
        action: { actionId: "set-reasoning-effort" },
      },
      { kind: "stat", label: "State", value: inWords(activity(conversationId)) },
      ...(orchestrator.isActive(conversationId)
        ? [{ kind: "button", label: "Stop", action: { actionId: "stop" } } satisfies Field]
        : []),
    ];
  };

  const configure = (context: { conversationId: string }, actionId: string, payload: unknown): void => {
    const value = textOf(payload);
    const change = actionId === "set-model" ? { model: value } : { reasoningEffort: effortOf(value) };
    const problem = conversations.configure?.(context.conversationId, change);
    if (problem) throw new Error(problem.message);
  };

  return {
    catalogEntry: head,
    getSpec: (context) => ({
      ...head,
      fields: context ? fields(context) : [{ kind: "stat", label: "State", value: "no conversation" }],
    }),
    invoke(actionId, payload, context: SurfaceContext) {
      if (!context) throw new Error("conversation is a surface of one conversation: name its conversationId");
      if (actionId === "stop") orchestrator.stopTurn(context.conversationId);
      else if (actionId === "set-model" || actionId === "set-reasoning-effort") configure(context, actionId, payload);
      else throw new Error(`conversation has no action "${actionId}": it has set-model, set-reasoning-effort and stop`);
    },
    subscribe: (onChange) =>
      changes((change) => {
        if (change.what === "settings" || change.what === "activity")
          onChange({ conversationId: change.conversationId });
      }),
  };
}

function effortOf(value: string): ReasoningEffort | null {
  if (value === usualEffort) return null;
  if (isReasoningEffort(value)) return value;
  throw new Error(`"${value}" is not an effort: choose one of ${[usualEffort, ...reasoningEfforts].join(", ")}`);
}
