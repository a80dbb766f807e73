// Converts a machine to boxes and arrows with names, for drawing. Reads only the machine's own definition, so that the
// picture can never differ from the chart.
import type { AnyStateMachine, AnyStateNode } from "xstate";
import { transitionKey } from "../../src/diagnostics/inspection/transition-key.ts";

/** A transition without a target: it runs actions, or deliberately ignores the event. */
export interface Reaction {
  /** The transition's key in coverage and on the live page. */
  key: string;
  on: string;
  guard: string | undefined;
  actions: string[];
}

export interface Box {
  id: string;
  name: string;
  kind: "atomic" | "compound" | "parallel" | "final" | "history";
  description: string;
  entry: string[];
  exit: string[];
  /** The names of the actors that it invokes. */
  invokes: string[];
  reactions: Reaction[];
  /** The events listed in its `meta.ignores`. */
  ignores: string[];
  /** Whether this is the initial state of its parent. */
  isInitial: boolean;
  initial: string | undefined;
  boxes: Box[];
}

export interface Arrow extends Reaction {
  from: string;
  to: string;
  kind: "event" | "always" | "delayed" | "invoked";
}

export interface Chart {
  name: string;
  root: Box;
  arrows: Arrow[];
}

interface Named {
  type: string;
}
type Definition = AnyStateNode["transitions"] extends Map<string, (infer Transition)[]> ? Transition : never;

const nameOf = (thing: unknown): string => {
  if (typeof thing === "string") return thing;
  if (typeof thing === "object" && thing !== null && "type" in thing) return String((thing as Named).type);
  throw new Error("only what has a name can be drawn: declare it in setup");
};

/** False for XState's own action that starts a timer, which has no name. */
const isNamed = (action: unknown): boolean =>
  typeof action === "string" || (typeof action === "object" && action !== null && "type" in action);

const namesOf = (actions: readonly unknown[] | undefined): string[] => (actions ?? []).filter(isNamed).map(nameOf);

export function chartOf(machine: AnyStateMachine): Chart {
  const arrows: Arrow[] = [];
  const root = boxOf(machine.root, arrows);
  return { name: machine.id, root, arrows };
}

function boxOf(node: AnyStateNode, arrows: Arrow[]): Box {
  const reactions: Reaction[] = [];
  const all: Definition[] = [...node.transitions.values()].flat().concat(node.always ?? []);
  for (const definition of all) {
    const { kind, on } = triggerOf(definition, node);
    const guard = definition.guard === undefined ? undefined : nameOf(definition.guard);
    const reaction: Reaction = { key: transitionKey(definition), on, guard, actions: namesOf(definition.actions) };
    const [target] = definition.target ?? [];
    if (target) arrows.push({ ...reaction, kind, from: node.id, to: target.id });
    else reactions.push(reaction);
  }
  return {
    id: node.id,
    name: node.key,
    kind: node.type,
    description: node.description ?? "",
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
    invokes: node.invoke.map(({ src }) => nameOf(src)),
    reactions,
    ignores: ignoresOf(node.meta),
    isInitial: node.parent?.type === "compound" && node.parent.initial.target.includes(node),
    initial: node.type === "compound" ? node.initial?.target?.[0]?.id : undefined,
    boxes: Object.values(node.states).map((child) => boxOf(child, arrows)),
  };
}

/** Reads a state's `meta: { ignores: ["an.event"] }`. */
function ignoresOf(meta: unknown): string[] {
  const ignores: unknown = typeof meta === "object" && meta !== null ? Reflect.get(meta, "ignores") : undefined;
  return Array.isArray(ignores) ? ignores.map(String).map(wordsOf) : [];
}

/** What triggers a transition, as the chart names it. */
function triggerOf(definition: Definition, node: AnyStateNode): { kind: Arrow["kind"]; on: string } {
  const { eventType } = definition;
  const delay = (node.after ?? []).find((delayed) => delayed.eventType === eventType)?.delay;
  if (delay !== undefined) return { kind: "delayed", on: `after ${delay}` };
  if (eventType === "") return { kind: "always", on: "always" };
  return { kind: childEvent.test(eventType) ? "invoked" : "event", on: wordsOf(eventType) };
}

const childEvent = /^xstate\.(done|error)\.actor\.(.+)$/;

/** XState's done and error events of a child, in words. Any other event type is unchanged. */
function wordsOf(eventType: string): string {
  const [, how, child] = childEvent.exec(eventType) ?? [];
  return child === undefined ? eventType : `${child} ${how === "done" ? "is done" : "has failed"}`;
}

/** `event [guard] / action, action`, the usual label of a statechart's arrow. */
export function labelOf({ on, guard, actions }: Omit<Reaction, "key">): string {
  const condition = guard === undefined ? "" : ` [${guard}]`;
  const effects = actions.length === 0 ? "" : ` / ${actions.join(", ")}`;
  return `${on}${condition}${effects}`;
}

/** Every box, outer ones first. */
export function* boxesOf(box: Box): Generator<Box> {
  yield box;
  for (const inner of box.boxes) yield* boxesOf(inner);
}
