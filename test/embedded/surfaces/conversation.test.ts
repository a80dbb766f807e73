// The surface `conversation`: model, effort, state and stop button of one conversation, and what each action requires.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createConversationSurface } from "../../../src/embedded/surfaces/conversation.ts";
import type { ConversationSettings, Conversations, NotDone } from "../../../src/ports/conversations.ts";
import type { Field, Spec } from "../../../src/protocol/surface.ts";
import { changesOf } from "../../support/changes.ts";
import { asPort, ScriptedOrchestrator } from "../../support/scripted-orchestrator.ts";

const test = suite("conversation surface");

const context = { conversationId: "c" };
const efforts = ["default", "low", "medium", "high", "xhigh", "max"];

function open(offered: Partial<Conversations> = {}) {
  const orchestrator = new ScriptedOrchestrator();
  const settings: ConversationSettings = { title: null, model: null, reasoningEffort: null };
  const asked: unknown[] = [];
  const refusal: { now: NotDone | undefined } = { now: undefined };
  const conversations: Conversations = {
    models: () => ({ models: ["demo/echo", "demo/tools"], modelInfo: {} }),
    settings: () => settings,
    configure: (conversationId, change) => {
      asked.push([conversationId, change]);
      if (!refusal.now) Object.assign(settings, change);
      return refusal.now;
    },
    ...offered,
  };
  const state = { now: "idle" };
  const { changes, tell, listeners } = changesOf();
  const surface = createConversationSurface({
    orchestrator: asPort(orchestrator),
    conversations,
    activity: () => state.now,
    changes,
  });
  const spec = (given?: { conversationId: string }): Spec => {
    const built = surface.getSpec(given);
    if (built instanceof Promise) throw new Error("getSpec is synchronous");
    return built;
  };
  const field = (label: string): Field | undefined =>
    spec(context).fields.find((one) => "label" in one && one.label === label);
  return { orchestrator, settings, asked, refusal, state, surface, spec, field, tell, listeners };
}

const select = (label: string, value: string, options: string[], actionId: string) => ({
  kind: "selector",
  label,
  value,
  options: options.map((one) => ({ value: one, label: one })),
  action: { actionId },
});

test("it shows the default model, the default effort and the state", () => {
  const { surface, spec } = open();
  assert.equal(surface.catalogEntry, { id: "conversation", region: "conversation", title: "Conversation" });
  assert.equal(spec(context), {
    id: "conversation",
    region: "conversation",
    title: "Conversation",
    fields: [
      select("Model", "demo/echo", ["demo/echo", "demo/tools"], "set-model"),
      select("Effort", "default", efforts, "set-reasoning-effort"),
      { kind: "stat", label: "State", value: "idle" },
    ],
  });
});

test('without a conversation it says "no conversation"', () => {
  const { spec } = open();
  assert.equal(spec().fields, [{ kind: "stat", label: "State", value: "no conversation" }]);
});

test("the conversation's own model and effort are shown, even an unlisted model", () => {
  const { settings, field } = open();
  settings.model = "hosted/unlisted";
  settings.reasoningEffort = "high";
  assert.equal(
    field("Model"),
    select("Model", "hosted/unlisted", ["hosted/unlisted", "demo/echo", "demo/tools"], "set-model"),
  );
  assert.equal(field("Effort"), select("Effort", "high", efforts, "set-reasoning-effort"));
});

test("with a host that offers neither models nor settings it shows the rest", () => {
  const orchestrator = asPort(new ScriptedOrchestrator());
  const { changes } = changesOf();
  const surface = createConversationSurface({ orchestrator, conversations: {}, activity: () => "idle", changes });
  assert.equal(
    (surface.getSpec(context) as Spec).fields.map((one) => ("value" in one ? one.value : one.kind)),
    ["", "default", "idle"],
  );
  surface.invoke("set-model", "demo/echo", context);
});

test("the charts' states are shown in plain words, and a running turn can be stopped", () => {
  const { orchestrator, state, surface, field } = open();
  assert.is(field("Stop"), undefined);
  orchestrator.begin("c");
  state.now = "runningTools";
  assert.equal(field("State"), { kind: "stat", label: "State", value: "running tools" });
  assert.equal(field("Stop"), { kind: "button", label: "Stop", action: { actionId: "stop" } });
  surface.invoke("stop", undefined, context);
  assert.equal(orchestrator.given("stopTurn"), ["c"]);
  assert.is(field("Stop"), undefined);
});

test("model and effort are set by an option's value, plain or in an object", () => {
  const { asked, surface } = open();
  surface.invoke("set-model", { value: "demo/tools" }, context);
  surface.invoke("set-model", "demo/echo", context);
  surface.invoke("set-reasoning-effort", { value: "xhigh" }, context);
  surface.invoke("set-reasoning-effort", "default", context);
  assert.equal(asked, [
    ["c", { model: "demo/tools" }],
    ["c", { model: "demo/echo" }],
    ["c", { reasoningEffort: "xhigh" }],
    ["c", { reasoningEffort: null }],
  ]);
});

test("a refusal is reported with its own message", () => {
  const { refusal, surface } = open();
  refusal.now = { code: "unknown-model", message: "there is no model demo/none" };
  assert.throws(() => surface.invoke("set-model", "demo/none", context), "there is no model demo/none");
});

test("an unknown action, or one without its conversation or value, changes nothing and says what is required", () => {
  const { asked, orchestrator, surface } = open();
  assert.throws(() => surface.invoke("stop"), "name its conversationId");
  assert.throws(() => surface.invoke("dance", undefined, context), 'conversation has no action "dance"');
  for (const payload of [undefined, null, 5, {}, { value: 1 }, ["low"]])
    assert.throws(() => surface.invoke("set-model", payload, context), 'the payload must be {"value"');
  assert.throws(
    () => surface.invoke("set-reasoning-effort", "huge", context),
    '"huge" is not an effort: choose one of default, low',
  );
  assert.equal(asked, []);
  assert.equal(orchestrator.given("stopTurn"), []);
});

test("it reports changes of settings and activity with their conversation, and ignores other changes", () => {
  const { surface, tell, listeners } = open();
  const heard: unknown[] = [];
  const leave = surface.subscribe?.((given) => heard.push(given?.conversationId));
  tell({ what: "settings", conversationId: "a" });
  tell({ what: "activity", conversationId: "b" });
  tell({ what: "queue", conversationId: "c" });
  tell({ what: "turns" });
  assert.equal(heard, ["a", "b"]);
  leave?.();
  assert.is(listeners(), 0);
});

test.run();
