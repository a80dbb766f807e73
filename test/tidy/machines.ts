// A chart must be readable from its picture: every state has a description, and every guard, action, actor and delay is
// a name that `setup` declares. Reads loaded machines, because the text alone cannot distinguish a chart from a table.
import { mask } from "./mask.ts";
import { findAll, isIn, lineAt, type Source } from "./source.ts";

/** The parts of an XState machine that the checks read. */
export interface Machine {
  id: string;
  config: Record<string, unknown>;
  implementations: Record<"actions" | "actors" | "guards" | "delays", Record<string, unknown>>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isMachine = (value: unknown): value is Machine =>
  isRecord(value) && typeof value["id"] === "string" && isRecord(value["config"]) && isRecord(value["implementations"]);

const listOf = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** What is inline, undescribed or asynchronous in this machine. */
export function chartFaults(machine: Machine): string[] {
  const walk = new Walk(machine.id);
  walk.state(machine.config, []);
  const { actions, guards, delays, actors } = machine.implementations;
  for (const [kind, table] of Object.entries({ actions, guards, delays, actors })) {
    for (const [name, implementation] of Object.entries(table ?? {})) {
      if (kind !== "actors" && isAsync(implementation))
        walk.faults.push(`${machine.id}: the ${kind} \`${name}\` is async`);
    }
  }
  return walk.faults;
}

const isAsync = (value: unknown): boolean =>
  typeof value === "function" && /^Async(Generator)?Function$/.test(value.constructor.name);

class Walk {
  readonly faults: string[] = [];
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  state(config: Record<string, unknown>, path: string[]): void {
    const where = [this.#id, ...path].join(".");
    const description = config["description"];
    if (typeof description !== "string" || description.trim() === "") this.faults.push(`${where}: has no description`);
    this.#named(where, "entry", config["entry"]);
    this.#named(where, "exit", config["exit"]);
    for (const [event, transitions] of entriesOf(config["on"])) this.#transitions(`${where} on ${event}`, transitions);
    for (const [delay, transitions] of entriesOf(config["after"])) {
      if (/^\d+$/.test(delay)) this.faults.push(`${where}: waits ${delay} ms by number: name the delay in setup`);
      this.#transitions(`${where} after ${delay}`, transitions);
    }
    this.#transitions(`${where} always`, config["always"]);
    this.#transitions(`${where} onDone`, config["onDone"]);
    for (const invoked of listOf(config["invoke"])) this.#invoke(where, invoked);
    for (const [name, child] of entriesOf(config["states"])) {
      if (isRecord(child)) this.state(child, [...path, name]);
    }
  }

  #invoke(where: string, invoked: unknown): void {
    if (!isRecord(invoked)) return;
    this.#named(where, "invoke", invoked["src"]);
    for (const hook of ["onDone", "onError", "onSnapshot"]) this.#transitions(`${where} ${hook}`, invoked[hook]);
  }

  #transitions(where: string, transitions: unknown): void {
    for (const transition of listOf(transitions)) {
      if (!isRecord(transition)) continue;
      this.#named(where, "guard", transition["guard"]);
      this.#named(where, "action", transition["actions"]);
    }
  }

  /**
   * Accepts a name, or an object with a name and params. Functions and the results of `assign(…)` and the like are
   * inline.
   */
  #named(where: string, kind: string, value: unknown): void {
    for (const reference of listOf(value)) {
      if (typeof reference === "string") continue;
      if (isRecord(reference) && typeof reference["type"] === "string") continue;
      this.faults.push(`${where}: inline ${kind}: declare it in setup and name it here`);
    }
  }
}

const entriesOf = (value: unknown): [string, unknown][] => (isRecord(value) ? Object.entries(value) : []);

/** The file, the export and the id have the same name: `connection.ts`, `connectionMachine`, id `connection`. */
export function misnamedMachine(path: string, exportName: string, machine: Machine): string[] {
  const word = path.replace(/^.*\//, "").replace(/\.ts$/, "");
  const camel = word.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const findings: string[] = [];
  if (exportName !== `${camel}Machine`) findings.push(`${path}: exports \`${exportName}\`, not \`${camel}Machine\``);
  if (machine.id !== word && machine.id !== camel) findings.push(`${path}: the id is "${machine.id}", not "${word}"`);
  return findings;
}

/** Names that setup declares and the chart never uses. */
export function unusedDeclarations(source: Source, machine: Machine): string[] {
  const { withoutComments } = mask(source.text);
  return (["actions", "guards", "delays", "actors"] as const).flatMap((kind) =>
    Object.keys(machine.implementations[kind] ?? {})
      .filter((name) => [...withoutComments.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length < 2)
      .map((name) => `${source.path}: the ${kind} \`${name}\` is declared and never named in the chart`),
  );
}

/** Actions that are given to `provide` must not be async either, because XState drops their failures. */
export function asyncProvidedActions(sources: readonly Source[]): string[] {
  return sources.filter(isIn("src")).flatMap((source) => {
    const { code } = mask(source.text);
    return [...code.matchAll(/\.provide\s*\(/g)].flatMap((call) => {
      const provided = balanced(code, call.index + call[0].length - 1);
      const actions = /\bactions\s*:\s*\{/.exec(provided);
      if (actions === null) return [];
      const from = call.index + call[0].length - 1 + actions.index + actions[0].length - 1;
      const body = balanced(code, from);
      return findAll(source, body, /\basync\b/g, () => "").map(
        (_, index) => `${source.path}:${lineAt(code, from + nth(body, "async", index))}: an async action is provided`,
      );
    });
  });
}

function nth(text: string, word: string, index: number): number {
  let at = text.indexOf(word);
  for (let seen = 0; seen < index; seen += 1) at = text.indexOf(word, at + 1);
  return at;
}

/** The code from this bracket to its closing bracket. */
function balanced(code: string, from: number): string {
  let depth = 0;
  for (let at = from; at < code.length; at += 1) {
    if ("({[".includes(code[at] ?? "")) depth += 1;
    else if (")}]".includes(code[at] ?? "")) depth -= 1;
    if (depth === 0) return code.slice(from, at + 1);
  }
  return code.slice(from);
}
