// turnwire inside an agent host that has its own orchestrator: the extension opens one WebSocket port in front of it,
// and takes what it needs from the host's services, hooks and settings.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { setTimeout } from "node:timers/promises";
import { createTransportWsExtension } from "turnwire/host";

const hooks = new EventEmitter();
/** The events of each running turn, by conversation. @type {Map<string, import("turnwire").TurnEvent[]>} */
const running = new Map();
/** @type {Map<string, import("turnwire").TurnListener>} */
const listeners = new Map();

/** It repeats every text, word by word. @type {import("turnwire").Orchestrator} */
const orchestrator = {
  startTurn({ conversationId, text }) {
    if (running.has(conversationId)) return { started: false, reason: "already-active" };
    const turnId = randomUUID();
    void repeat(conversationId, turnId, text);
    return { started: true, turnId };
  },
  enqueue(request) {
    const outcome = orchestrator.startTurn(request);
    return outcome.started ? { startedTurn: true, turnId: outcome.turnId, queue: [] } : outcome;
  },
  // Called once for a conversation, before its turn begins: tells the turn so far, then every event as it comes.
  subscribe(conversationId, listener) {
    for (const event of running.get(conversationId) ?? []) listener(event);
    listeners.set(conversationId, listener);
    return () => listeners.delete(conversationId);
  },
  isActive: (conversationId) => running.has(conversationId),
  stopTurn: () => ({ abortedTurn: false }),
  closeConversation: () => ({ abortedTurn: false }),
};

/** @param {string} conversationId @param {string} turnId @param {string} text */
async function repeat(conversationId, turnId, text) {
  /** @type {import("turnwire").TurnEvent[]} */
  const events = [];
  running.set(conversationId, events);
  /** @param {import("turnwire").TurnEventBody} body */
  const emit = (body) => {
    const event = { conversationId, turnId, ...body };
    events.push(event);
    listeners.get(conversationId)?.(event);
  };
  /** @param {"active" | "idle"} status */
  const announce = (status) =>
    hooks.emit("session-orchestrator/conversation-status-changed", { conversationId, status, workspaceId: "default" });

  announce("active");
  emit({ type: "user-message", text });
  emit({ type: "turn-start" });
  for (const word of text.split(" ")) {
    await setTimeout(20);
    emit({ type: "text-delta", delta: `${word} ` });
  }
  emit({ type: "done", reason: "stop" });
  // A real one stores the turn before it seals it.
  running.delete(conversationId);
  emit({ type: "turn-sealed", latestSeq: 0 });
  announce("idle");
}

/** This host has no surfaces. @type {import("turnwire").SurfaceRegistry} */
const surfaces = { register: () => () => {}, getCatalog: () => [], getSurface: () => undefined };

const services = new Map(
  Object.entries({
    "session-orchestrator/orchestrator": orchestrator,
    "surface-registry/registry": surfaces,
  }),
);
const settings = new Map([["surfaceWsPort", 0]]);
/** @type {PromiseWithResolvers<unknown>} */
const { promise: port, resolve: listening } = Promise.withResolvers();

const extension = createTransportWsExtension();
await extension.activate({
  getService: ({ id }) => services.get(id),
  on({ id }, listener) {
    hooks.on(id, listener);
    return () => hooks.off(id, listener);
  },
  config: settings,
  logger: { info: (_, fields) => listening(fields?.["port"]) },
});

const socket = new WebSocket(`ws://127.0.0.1:${await port}`);
socket.onopen = () => socket.send(JSON.stringify({ type: "chat.send", conversationId: "c1", message: "hello host" }));
socket.onmessage = ({ data }) => {
  console.log(data);
  if (JSON.parse(data).status === "idle") socket.close();
};
socket.onclose = () => extension.deactivate();
