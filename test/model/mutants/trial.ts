// Puts a faulty machine in the place of a chart while the whole server runs in this process, one after the other. The
// machine files stay as they are: what they import as "xstate" is this file, in a process that has called `useTrials`.
// A server that is begun takes the chart that is on trial at that moment.
import { registerHooks } from "node:module";
import * as xstate from "xstate";

export * from "xstate";

let onTrial: xstate.AnyStateMachine | undefined;

/** @param machine undefined: every chart is the one in its file. */
export function tryOut(machine: xstate.AnyStateMachine | undefined): void {
  onTrial = machine;
}

/** Must be called before a machine file is imported. */
export function useTrials(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const isMachine = /\/machines\/[a-z-]+\.ts$/.test(context.parentURL ?? "");
      return specifier === "xstate" && isMachine
        ? { url: import.meta.url, shortCircuit: true }
        : nextResolve(specifier, context);
    },
  });
}

export const setup = (parts: Parameters<typeof xstate.setup>[0]): object => {
  const made = xstate.setup(parts);
  const createMachine = (config: Parameters<typeof made.createMachine>[0]): object =>
    exchangeable(made.createMachine(config));
  return { ...made, createMachine };
};

/** The server provides each chart with its actions once, which is where it gets the one on trial. */
function exchangeable(machine: xstate.AnyStateMachine): xstate.AnyStateMachine {
  const { provide } = machine;
  machine.provide = (given) => (onTrial?.id === machine.id ? onTrial.provide(given) : provide.call(machine, given));
  return machine;
}
