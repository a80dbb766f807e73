// One surface and its viewers, as src/surfaces/surfaces.ts and src/surfaces/surface-feed.ts implement them: the
// questions to the provider, its answers, the newest spec, and which viewers have seen it. A version is stored as its
// age: the number of changes since.
import type { Effect } from "./chart.ts";
import type { Stage } from "./stage.ts";
import type { Surface } from "./state.ts";
import { bit, control, has, placesIn } from "./writer.ts";

/** Ages are capped at this value. */
export const ageMost = 2;

const announced = [true];
const reasonsToAsk = ["surface.changed", "xstate.after."];
const older = (age: number): number => Math.min(age + 1, ageMost);

export const currentSurface = (stage: Stage): Surface | undefined =>
  stage.world.surfaces.find(({ isCurrent }) => isCurrent);

/** The surface changes: every spec built or shown so far is older now, and the provider announces the change. */
export function change(stage: Stage): void {
  const { surfaces, sockets } = stage.world;
  for (const [at, surface] of surfaces.entries()) {
    if (surface.question !== undefined) surface.question = older(surface.question);
    if (surface.oldQuestion !== undefined) surface.oldQuestion = older(surface.oldQuestion);
    if (surface.pending !== undefined) surface.pending = older(surface.pending);
    if (surface.frame !== undefined) surface.frame = older(surface.frame);
    stage.post("surface", at, "surface.changed");
  }
  for (const socket of sockets) {
    if (socket.specSeen !== undefined) socket.specSeen = older(socket.specSeen);
    const watch = socket.surfaceWatch;
    if (watch) watch.received = watch.received.map(({ kind, age }) => ({ kind, age: older(age) }));
  }
}

/** The provider answers the newest question with the spec it was asked for, or fails. */
export function answer(stage: Stage, at: number, isGood: boolean): void {
  const surface = stage.world.surfaces[at];
  if (surface?.question === undefined) return;
  if (isGood) surface.pending = surface.question;
  surface.outcome = isGood ? "good" : "failed";
  if (!isGood) surface.isQuestionDue = true;
  surface.question = undefined;
  stage.post("surface", at, isGood ? "spec.built" : "spec.failed");
}

/** The provider answers a question that a newer one has replaced; the answer is dropped. */
export function answerLate(stage: Stage, at: number): void {
  const surface = stage.world.surfaces[at];
  if (surface?.oldQuestion === undefined) return;
  if (stage.setting.breakage === "takes late answers") {
    surface.pending = surface.oldQuestion;
    stage.post("surface", at, "spec.built");
  }
  surface.oldQuestion = undefined;
}

export function watchSurface(stage: Stage, socket: number): void {
  const { world } = stage;
  const mine = stage.socket(socket);
  const watch = mine.surfaceWatch ?? {
    awaiting: 0,
    hasNewest: false,
    asked: 0,
    received: [],
  };
  mine.surfaceWatch = watch;
  const present = world.surfaces.findIndex(({ isCurrent }) => isCurrent);
  const at = present === -1 ? world.surfaces.length : present;
  if (present === -1) open(stage);
  watch.awaiting++;
  watch.asked++;
  const surface = world.surfaces[at];
  if (!surface) return;
  surface.viewers |= bit(socket);
  if (surface.pass !== undefined) surface.pass |= bit(socket);
  if (present !== -1) tellSurface(stage, at, "viewer.joined");
}

export function unwatchSurface(stage: Stage, socket: number): void {
  const mine = stage.socket(socket);
  const { surfaceWatch } = mine;
  if (!surfaceWatch) return;
  mine.surfaceWatch = undefined;
  mine.specSeen = surfaceWatch.received.at(-1)?.age ?? mine.specSeen;
  const at = stage.world.surfaces.findIndex(({ isCurrent }) => isCurrent);
  const surface = stage.world.surfaces[at];
  if (surface && has(surface.viewers, socket)) {
    surface.viewers &= ~bit(socket);
    if (surface.pass !== undefined) surface.pass &= ~bit(socket);
    if (surface.viewers === 0) {
      surface.isCurrent = false;
      tellSurface(stage, at, "surface.release");
    }
  }
}

function open(stage: Stage): void {
  const { world } = stage;
  const move = stage.setting.charts.surface.begin(announced);
  world.surfaces.push({
    chart: move.to,
    isCurrent: true,
    viewers: 0,
    question: undefined,
    oldQuestion: undefined,
    outcome: "asked",
    isQuestionDue: true,
    pending: undefined,
    frame: undefined,
    isPassWanted: false,
    pass: undefined,
  });
  for (const effect of move.effects) perform(stage, world.surfaces.length - 1, effect);
}

export function tellSurface(stage: Stage, at: number, type: string): void {
  const surface = stage.world.surfaces[at];
  if (!surface) return;
  if (reasonsToAsk.some((reason) => type.startsWith(reason))) surface.isQuestionDue = true;
  const move = stage.setting.charts.surface.step(surface.chart, { type }, announced);
  if (move.unexpected !== undefined) stage.problem(move.unexpected);
  surface.chart = move.to;
  for (const effect of move.effects) perform(stage, at, effect);
  if (!move.isDone) {
    if (type === "surface.release") stage.problem("a surface that was released does not end");
    return;
  }
  if (surface.isCurrent) stage.problem(`a surface ends by ${type} while somebody looks at it`);
  const { world } = stage;
  stage.forgetSignals((signal) => signal.to === "surface" && signal.at === at);
  world.surfaces.splice(at, 1);
  world.signals = world.signals.map((signal) =>
    signal.to === "surface" && signal.at > at ? { ...signal, at: signal.at - 1 } : signal,
  );
}

function perform(stage: Stage, at: number, { name, event }: Effect): void {
  const surface = stage.world.surfaces[at];
  if (!surface) return;
  switch (name) {
    case "spawn":
    case "stop":
      // The provider speaks whether or not somebody listens.
      return;
    case "send":
      if (event?.type !== "spec.wanted") stage.problem(`the provider is sent ${event?.type}, which it does not know`);
      // An answer that is still under way belongs to an earlier question (Surfaces.#tell).
      stage.forgetSignals((signal) => signal.to === "surface" && signal.at === at && signal.type.startsWith("spec."));
      if (!surface.isQuestionDue) stage.problem("the provider is asked though nothing has changed");
      surface.isQuestionDue = false;
      surface.oldQuestion = surface.question ?? surface.oldQuestion;
      surface.question = 0;
      surface.pending = undefined;
      surface.outcome = "asked";
      return;
    case "show":
      if (surface.pending === undefined) return;
      surface.frame = surface.pending;
      surface.pending = undefined;
      for (const viewer of placesIn(surface.viewers)) {
        const watch = stage.socket(viewer).surfaceWatch;
        if (watch) watch.hasNewest = false;
      }
      surface.isPassWanted = true;
      return;
    case "showToNewViewers":
      surface.isPassWanted = true;
      return;
    case "reportTimeout":
      if (surface.question !== undefined) surface.outcome = "failed";
      reportTo(stage, surface);
      return;
    case "reportFailure":
      reportTo(stage, surface);
      return;
    default:
      stage.problem(`the surface's chart asks for ${name}, which the world has not`);
  }
}

function reportTo(stage: Stage, surface: Surface): void {
  for (const viewer of placesIn(surface.viewers)) control(stage, viewer);
}

/** Begins the pass over the viewers (src/runtime/fan-out.ts). */
export function beginPass(stage: Stage, at: number): void {
  const surface = stage.world.surfaces[at];
  if (!surface) return;
  surface.isPassWanted = false;
  surface.pass = surface.viewers;
  if (stage.setting.bounds.slicedWalks) return;
  for (const viewer of placesIn(surface.pass)) showTo(stage, surface, viewer);
  surface.pass = undefined;
}

export function visitViewer(stage: Stage, at: number, viewer: number): void {
  const surface = stage.world.surfaces[at];
  if (surface?.pass === undefined) return;
  surface.pass &= ~bit(viewer);
  showTo(stage, surface, viewer);
}

/** Sends the newest spec to a viewer that has not seen it. */
export function showTo(stage: Stage, surface: Surface, viewer: number): void {
  const socket = stage.socket(viewer);
  const watch = socket.surfaceWatch;
  const age = surface.frame;
  if (!watch || age === undefined) return;
  if (watch.awaiting > 0 && stage.setting.breakage !== "updates before the surface") {
    watch.hasNewest = true;
    for (; watch.awaiting > 0; watch.awaiting--)
      if (control(stage, viewer)) watch.received = [...watch.received, { kind: "surface", age }];
  } else if (!watch.hasNewest && !socket.isCongested) {
    watch.hasNewest = true;
    if (control(stage, viewer)) watch.received = [...watch.received, { kind: "update", age }];
  }
}
