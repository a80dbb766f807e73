// What the actors of a conversation have done: a lane for each, and what each received, causes first. Bounded: the
// newest stay, the oldest go, and with them the lanes of actors that had ended before. Pure.
import { eventWords, nameOf, stateWords } from "./format.js";
import { originOf } from "./origins.js";
import { toneOf } from "./tones.js";

/**
 * @import { ActorSummary, EndedLine, InConversation, MovedLine } from "../../src/diagnostics/inspection/answers.ts"
 * @import { StartedLine } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Lane, Message } from "./sequence.js"
 *
 * @typedef {(StartedLine | MovedLine | EndedLine) & InConversation} Step
 * @typedef {Pick<ActorSummary, "id" | "chart" | "names" | "states" | "parentId">} KnownActor
 * @typedef {Lane & { parentId: string | undefined, states: string[], hasEnded: boolean }} KnownLane
 * @typedef {Message & { order: number, step: Step | undefined }} Entry
 * @typedef {ReturnType<typeof createConversationLog>} ConversationLog
 */

const defaultEntriesMax = 500;

/** Lanes from left to right. A watch stands beside its socket, a speaker beside whom it speaks to. */
const ranks = ["gateway", "connection", "conversation", "turn", "surface"];

/** Actors without a chart. Each has a lane beside the one that it speaks to, from its first word on. */
const speakers = new Set(["agent", "provider", "store"]);

export function createConversationLog({ entriesMax = defaultEntriesMax } = {}) {
  /** @type {Map<string, KnownLane>} */
  const known = new Map();
  /** @type {Entry[]} */
  let entries = [];
  let dropped = 0;
  /** Added to the orders of a stream, which begin anew with each. */
  let ordersBefore = 0;

  /** @param {KnownLane} lane */
  const ownerOf = ({ id, kind, parentId }) =>
    (kind === "watch" || speakers.has(kind)) && parentId !== undefined ? parentId : id;

  function lanes() {
    const all = [...known.values()];
    const born = new Map(all.map(({ id }, index) => [id, index]));
    /** @param {KnownLane} lane */
    const placeOf = (lane) => {
      const owner = ownerOf(lane);
      const rank = ranks.indexOf(known.get(owner)?.kind ?? lane.kind);
      return [rank < 0 ? ranks.length : rank, born.get(owner) ?? 0, lane.id === owner ? 0 : 1, born.get(lane.id) ?? 0];
    };
    return all
      .map((lane) => ({ lane, place: placeOf(lane) }))
      .sort(byPlace)
      .map(({ lane }) => lane);
  }

  /**
   * A lane that has ended is gone when nothing is left of it.
   * @param {Iterable<string | undefined>} ids
   */
  function forgetEnded(ids) {
    for (const id of ids)
      if (id !== undefined && known.get(id)?.hasEnded && !entries.some(({ from, to }) => from === id || to === id))
        known.delete(id);
  }

  /**
   * @param {string} kind
   * @param {KnownLane} listener
   */
  function speakerTo(kind, { id: parentId, name }) {
    const id = `${kind} of ${parentId}`;
    if (!known.has(id)) known.set(id, { id, kind, name, parentId, livesWith: parentId, states: [], hasEnded: false });
    return id;
  }

  /** @param {Entry} entry */
  function put(entry) {
    // An actor's step is told when it is over, so after what it caused meanwhile.
    const index = entries.findLastIndex(({ order }) => order <= entry.order) + 1;
    entries.splice(index, 0, entry);
    if (entries.length <= entriesMax) return;
    const gone = entries.shift();
    dropped += 1;
    forgetEnded([gone?.to, gone?.from]);
  }

  return {
    entriesMax,
    lanes,
    get entries() {
      return entries;
    },
    get dropped() {
      return dropped;
    },
    /**
     * An actor is there, or shown anew after the connection was lost.
     * @param {KnownActor} actor
     */
    meet({ id, chart, names, states, parentId }) {
      known.set(id, { id, kind: chart, name: laneName(id, chart, names), parentId, states, hasEnded: false });
    },
    /** @param {Step} step */
    add(step) {
      const lane = known.get(step.actorId);
      // Its first transitions belong to its start.
      if (!lane || (step.type === "actor.moved" && step.event === "xstate.init")) return;
      const sender = step.type === "actor.moved" ? step.from : undefined;
      const from = sender !== undefined && speakers.has(sender) ? speakerTo(sender, lane) : sender;
      const isStranger = from !== undefined && !known.has(from);
      put({ ...entryOf(step, lane, from, isStranger), order: step.order + ordersBefore });
      lane.states = step.states;
      if (step.type !== "actor.ended") return;
      lane.hasEnded = true;
      for (const other of known.values())
        if (speakers.has(other.kind) && other.parentId === lane.id) other.hasEnded = true;
    },
    /** The connection was lost. Who is still there will be shown anew. */
    interrupt() {
      for (const lane of known.values()) lane.hasEnded = true;
      const [gateway] = lanes();
      forgetEnded(known.keys());
      const last = entries.at(-1);
      ordersBefore = (last?.order ?? 0) + 1;
      if (gateway && last) put({ ...gap, at: last.at, order: ordersBefore, to: gateway.id });
    },
    /** The server has been started anew: its actors are others. */
    clear() {
      entries = [];
      dropped = 0;
      known.clear();
    },
  };
}

/**
 * @param {{ place: number[] }} one
 * @param {{ place: number[] }} other
 */
const byPlace = (one, other) => {
  const index = one.place.findIndex((value, at) => value !== other.place[at]);
  return index < 0 ? 0 : (one.place[index] ?? 0) - (other.place[index] ?? 0);
};

/**
 * @param {string} id
 * @param {string} chart
 * @param {ActorSummary["names"]} names
 */
function laneName(id, chart, names) {
  const { connectionId, conversationId, surfaceId } = names;
  if (chart === "gateway") return "";
  // The conversation is the same for all.
  const own = chart === "surface" ? { surfaceId } : chart === "conversation" ? { conversationId } : { connectionId };
  return nameOf({ id, chart: chart === "watch" ? "connection" : chart, names: Object.fromEntries(present(own)) });
}

/** @param {object} record */
const present = (record) => Object.entries(record).filter(([, value]) => value !== undefined);

/** What every entry has; those of the connection that was lost have no more. */
const plainEntry = {
  from: undefined,
  states: [],
  tone: undefined,
  isIdle: false,
  count: 1,
  step: undefined,
  origin: "",
};

/** @type {Omit<Entry, "at" | "order" | "to">} */
const gap = { ...plainEntry, kind: "event", origin: "this page:", label: "connection lost", isIdle: true };

/**
 * @param {Step} step
 * @param {KnownLane} lane
 * @param {string | undefined} from the lane of its sender
 * @param {boolean} isStranger its sender is not one of the lanes
 * @returns {Entry}
 */
function entryOf(step, lane, from, isStranger) {
  const { at, order, actorId: to } = step;
  const changed = step.type === "actor.started" ? step.states : step.states.filter((one) => !lane.states.includes(one));
  const states = changed.map((state) => stateWords(state)[1]);
  const base = { ...plainEntry, at, order, step, to, states, tone: worstOf(changed) };
  if (step.type === "actor.started") return { ...base, kind: "started", label: "starts" };
  if (step.type === "actor.ended") {
    const { how } = step;
    return { ...base, kind: "ended", label: ends[how], tone: how === "error" ? "bad" : base.tone };
  }
  const { event, handled } = step;
  const isSent = from !== undefined && from !== to && !isStranger;
  const origin = isStranger ? "another actor" : originOf(event);
  return {
    ...base,
    ...{ kind: "event", label: eventWords(event), isIdle: !handled },
    ...{ from: isSent ? from : undefined, origin: isSent ? "" : origin },
  };
}

const ends = { done: "ends", stopped: "is stopped", error: "has failed" };

/** @param {string[]} states */
function worstOf(states) {
  const tones = states.map(toneOf);
  return tones.find((tone) => tone === "bad") ?? tones.find((tone) => tone === "warn");
}

/**
 * An entry in a sentence, for those who do not see the diagram.
 * @param {Entry} entry
 * @param {readonly Lane[]} lanes
 */
export function sentenceOf({ from, to, origin, kind, label, states, isIdle }, lanes) {
  /** @param {string} id */
  const named = (id) => {
    const lane = lanes.find((one) => one.id === id);
    return lane ? `${lane.kind} ${lane.name}`.trim() : "an actor";
  };
  const then = states.length > 0 ? `, now ${states.join(", ")}` : isIdle ? ", nothing happens" : "";
  if (kind !== "event") return `${named(to)} ${label}${then}`;
  return `${from === undefined ? origin : named(from)} → ${named(to)}: ${label}${then}`;
}
