// Fixtures for the structure checker: small charts with exactly one fault each, which it must report, and a sound
// chart, which it must accept.
import { type AnyStateMachine, createMachine, fromCallback, not, or, sendTo, stateIn } from "xstate";
import type { Fault } from "./structure/fault.ts";

type Config = Parameters<typeof createMachine>[0];

export interface BrokenMachine {
  /** What is wrong with it. */
  because: string;
  machine: AnyStateMachine;
  /** The only fault that the checker must report. */
  fault: Pick<Fault, "kind" | "state" | "event">;
  /** The declared event types, where the fault is in them. */
  declared?: string[];
}

const implementations = {
  actions: { ring: () => {}, tellNobody: sendTo("nobody", { type: "open" }) },
  guards: {
    isReady: () => true,
    isNotReady: not("isReady"),
    isOpen: stateIn("open"),
    isOpenOrShut: or([stateIn("open"), stateIn("shut")]),
    isAjar: or([stateIn({ open: "ajar" }), stateIn("shut")]),
  },
  actors: { worker: fromCallback(() => {}) },
  delays: { patience: 5 },
};

/** A door with the given states. The event `leave` takes it from each of them to its final state. */
const door = (states: NonNullable<Config["states"]>, on: Config["on"] = {}): AnyStateMachine =>
  createMachine(
    {
      id: "door",
      initial: "shut",
      on: { leave: ".gone", ...on },
      states: { ...states, gone: { type: "final" } },
    } as Config,
    implementations,
  );

const shut = { on: { open: "open" }, meta: { neverGets: ["shut"] } };
const open = { on: { shut: "shut" }, meta: { ignores: ["open"] } };
/** The state `shut`, for a door whose state `open` handles further events. */
const shutBeside = (...events: string[]) => ({ on: { open: "open" }, meta: { neverGets: ["shut", ...events] } });

const done = "xstate.done.actor.worker";
const failed = "xstate.error.actor.worker";

/** One of each: regions, guards of all kinds, a delay, an invoked actor, a transient state, an inner final state. */
export const soundMachine: AnyStateMachine = door({
  shut: shutBeside("push", "hush"),
  open: {
    initial: "wide",
    on: { shut: [{ guard: "isAjar", target: "shut" }, { target: "working" }] },
    meta: { ignores: ["open", "hush"] },
    states: {
      wide: { on: { push: "ajar" }, after: { patience: "ajar" } },
      ajar: { meta: { neverGets: ["push"] } },
    },
  },
  working: {
    invoke: { src: "worker", id: "worker", onDone: "deciding", onError: "shut" },
    meta: { ignores: ["open"], neverGets: ["shut", "push", "hush"] },
  },
  deciding: { always: [{ guard: "isReady", target: "ringing" }, { target: "shut" }] },
  ringing: {
    type: "parallel",
    onDone: "shut",
    meta: { ignores: ["open"], neverGets: ["shut", "push"] },
    states: {
      bell: {
        initial: "on",
        states: { on: { on: { hush: { target: "off", actions: "ring" } } }, off: { type: "final" } },
      },
      lamp: { initial: "on", states: { on: { after: { patience: "off" } }, off: { type: "final" } } },
    },
  },
});

export const brokenMachines: BrokenMachine[] = [
  {
    because: "no transition leads to one of its states",
    machine: door({ shut, open, locked: { on: { open: "open" }, meta: { neverGets: ["shut"] } } }),
    fault: { kind: "unreachable-state", state: "door.locked" },
  },
  {
    because: "it cannot leave a state that is not final",
    machine: createMachine({
      id: "door",
      initial: "shut",
      states: { shut: { on: { open: "open" } }, open: { meta: { ignores: ["open"] } } },
    }),
    fault: { kind: "dead-end", state: "door.open" },
  },
  {
    because: "one of its regions cannot leave a state",
    machine: createMachine({
      id: "door",
      type: "parallel",
      states: {
        bell: { initial: "off", states: { off: { on: { ring: "on" } }, on: { meta: { ignores: ["ring"] } } } },
        lamp: { initial: "off", states: { off: { on: { light: "on" } }, on: { on: { light: "off" } } } },
      },
    }),
    fault: { kind: "dead-end", state: "door.bell.on" },
  },
  {
    because: "an inner final state leads nowhere",
    machine: createMachine({
      id: "door",
      initial: "opening",
      states: { opening: { initial: "begun", states: { begun: { on: { open: "open" } }, open: { type: "final" } } } },
    }),
    fault: { kind: "dead-end", state: "door.opening.open" },
  },
  {
    because: "two states lead only to each other and never to the final state",
    machine: createMachine({
      id: "door",
      initial: "shut",
      states: {
        shut: { on: { open: "open", leave: "gone" }, meta: { neverGets: ["turn"] } },
        open: { on: { turn: "ajar" }, meta: { ignores: ["open", "leave"] } },
        ajar: { on: { turn: "open" }, meta: { ignores: ["open", "leave"] } },
        gone: { type: "final" },
      },
    }),
    fault: { kind: "no-way-to-the-end", state: "door.open" },
  },
  {
    because: "a branch follows a branch without a guard",
    machine: door({
      shut: { on: { open: ["open", { guard: "isReady", target: "open", actions: "ring" }] }, meta: shut.meta },
      open,
    }),
    fault: { kind: "dead-transition", state: "door.shut", event: "open" },
  },
  {
    because: "every child state handles an event before its parent can",
    machine: door(
      { shut: { on: { open: "open" } }, open: { on: { open: { actions: "ring" }, shut: "shut" } } },
      {
        open: { actions: "ring" },
        shut: { actions: "ring" },
      },
    ),
    fault: { kind: "dead-transition", state: "door", event: "open" },
  },
  {
    because: "it waits for the end of a state that has no final state inside",
    machine: door({
      shut: shutBeside("push"),
      open: { ...open, initial: "wide", onDone: "shut", states: { wide: { on: { push: { actions: "ring" } } } } },
    }),
    fault: { kind: "dead-transition", state: "door.open", event: "xstate.done.state.door.open" },
  },
  {
    because: "a guard is evaluated again after it was false",
    machine: door({
      shut: {
        on: {
          open: [
            { guard: "isReady", target: "open" },
            { guard: "isReady", actions: "ring" },
          ],
        },
        meta: shut.meta,
      },
      open,
    }),
    fault: { kind: "one-sided-guard", state: "door.shut", event: "open" },
  },
  {
    because: "a guard negates the guard before it",
    machine: door({
      shut: {
        on: {
          open: [
            { guard: "isReady", target: "open" },
            { guard: "isNotReady", actions: "ring" },
          ],
        },
        meta: shut.meta,
      },
      open,
    }),
    fault: { kind: "one-sided-guard", state: "door.shut", event: "open" },
  },
  {
    because: "a guard checks for the state that it belongs to",
    machine: door({ shut, open: { on: { shut: { guard: "isOpen", target: "shut" } }, meta: open.meta } }),
    fault: { kind: "one-sided-guard", state: "door.open", event: "shut" },
  },
  {
    because: "a guard is true in every state",
    machine: door({ shut, open }, { ring: { guard: "isOpenOrShut", actions: "ring" } }),
    fault: { kind: "one-sided-guard", state: "door", event: "ring" },
  },
  {
    because: "two transient states lead to each other",
    machine: door({ shut: { on: { open: "open" } }, open: { always: "ajar" }, ajar: { always: "open" } }),
    fault: { kind: "endless", state: "door.shut", event: "open" },
  },
  {
    because: "it sends an event to a child that it does not have",
    machine: door({
      shut: shutBeside("push"),
      open: { on: { shut: "shut", push: { actions: "tellNobody" } }, meta: open.meta },
    }),
    fault: { kind: "throws", state: "door.open", event: "push" },
  },
  {
    because: "a state neither handles nor lists an event that its sibling handles",
    machine: door({ shut, open: { on: { shut: "shut" } } }),
    fault: { kind: "unlisted-event", state: "door.open", event: "open" },
  },
  {
    because: "an inner state neither handles nor lists an event that its sibling handles",
    machine: door({
      shut: shutBeside("push", "pull"),
      open: {
        ...open,
        initial: "wide",
        states: { wide: { on: { push: "ajar" } }, ajar: { on: { pull: "wide" }, meta: { neverGets: ["push"] } } },
      },
    }),
    fault: { kind: "unlisted-event", state: "door.open.wide", event: "pull" },
  },
  {
    because: "a state neither handles nor lists an event that a descendant of its sibling handles",
    machine: door({
      shut,
      open: {
        ...open,
        type: "parallel",
        states: {
          bell: { initial: "on", states: { on: { on: { hush: "off" } }, off: { meta: { ignores: ["hush"] } } } },
        },
      },
    }),
    fault: { kind: "unlisted-event", state: "door.shut", event: "hush" },
  },
  {
    because: "a state lists an event as ignored and handles it",
    machine: door({ shut: { ...shut, meta: { neverGets: ["shut"], ignores: ["open"] } }, open }),
    fault: { kind: "listed-and-taken", state: "door.shut", event: "open" },
  },
  {
    because: "a state lists an event as ignored and a child state handles it",
    machine: door({
      shut: shutBeside("push"),
      open: {
        on: { shut: "shut" },
        meta: { ignores: ["open", "push"] },
        initial: "wide",
        states: { wide: { on: { push: { actions: "ring" } } } },
      },
    }),
    fault: { kind: "listed-and-taken", state: "door.open", event: "push" },
  },
  {
    because: "a state lists an event as ignored and the root state handles it",
    machine: door({ shut, open: { ...open, meta: { ignores: ["open", "leave"] } } }),
    fault: { kind: "listed-and-taken", state: "door.open", event: "leave" },
  },
  {
    because: "a state lists an event both as ignored and as never received",
    machine: door({ shut, open: { ...open, meta: { ignores: ["open"], neverGets: ["open"] } } }),
    fault: { kind: "listed-twice", state: "door.open", event: "open" },
  },
  {
    because: "a state repeats an entry of its parent's list",
    machine: door({
      shut,
      open: { ...open, initial: "wide", states: { wide: { meta: { neverGets: ["open"] } } } },
    }),
    fault: { kind: "listed-twice", state: "door.open.wide", event: "open" },
  },
  {
    because: "a list contains an event that does not exist",
    machine: door({ shut: shutBeside("opne"), open }),
    fault: { kind: "listed-unknown", state: "door.shut", event: "opne" },
  },
  {
    because: "an empty transition is used in place of a list entry",
    machine: door({ shut, open: { on: { shut: "shut", open: {} } } }),
    fault: { kind: "empty-transition", state: "door.open", event: "open" },
  },
  {
    because: "a state handles every event",
    machine: door({ shut, open: { ...open, on: { shut: "shut", "*": { actions: "ring" } } } }),
    fault: { kind: "wildcard", state: "door.open", event: "*" },
  },
  {
    because: "its event type declares an event that no state handles",
    machine: door({ shut, open }),
    declared: ["open", "shut", "leave", "knock"],
    fault: { kind: "unheard-event", state: "door", event: "knock" },
  },
  {
    because: "the failure of a worker is not handled",
    machine: door({ shut, open: { ...open, invoke: { src: "worker", id: "worker", onDone: "shut" } } }),
    fault: { kind: "missing-failure-edge", state: "door.open", event: failed },
  },
  {
    because: "the failure of a worker changes no state",
    machine: door({
      shut,
      open: { ...open, invoke: { src: "worker", id: "worker", onDone: "shut", onError: { actions: "ring" } } },
    }),
    fault: { kind: "missing-failure-edge", state: "door.open", event: failed },
  },
  {
    because: "the failure of a worker is handled only while a guard is true",
    machine: door({
      shut,
      open: {
        ...open,
        invoke: { src: "worker", id: "worker", onDone: "shut", onError: { guard: "isReady", target: "shut" } },
      },
    }),
    fault: { kind: "missing-failure-edge", state: "door.open", event: failed },
  },
  {
    because: "the failure of a worker that it does not invoke is handled only while a guard is true",
    machine: door({
      shut: shutBeside(failed),
      open: { on: { shut: "shut", [failed]: { guard: "isReady", target: "shut" } }, meta: open.meta },
    }),
    fault: { kind: "missing-failure-edge", state: "door.open", event: failed },
  },
  {
    because: "the end of a worker that it does not invoke is handled, but the failure is not",
    machine: door({ shut: shutBeside(done), open: { ...open, on: { shut: "shut", [done]: "shut" } } }),
    fault: { kind: "missing-failure-edge", state: "door.open", event: failed },
  },
  {
    because: "the failure of a worker that it does not invoke is ignored",
    machine: door({
      shut: { ...shut, meta: { neverGets: ["shut"], ignores: [failed] } },
      open: { ...open, on: { shut: "shut", [failed]: "shut" } },
    }),
    fault: { kind: "missing-failure-edge", state: "door.shut", event: failed },
  },
  {
    because: "the end of a worker is not handled",
    machine: door({ shut, open: { ...open, invoke: { src: "worker", id: "worker", onError: "shut" } } }),
    fault: { kind: "missing-done-edge", state: "door.open", event: done },
  },
  {
    because: "a delay may end without a transition",
    machine: door({ shut, open: { ...open, after: { patience: { guard: "isReady", target: "shut" } } } }),
    fault: { kind: "delay-without-end", state: "door.open", event: "xstate.after.patience.door.open" },
  },
];
