// The server's side of the live visualizer: an overview, a search for actors, one actor in detail, and a stream of its
// changes. Texts and payloads are hidden unless the operator shows them (--inspect=full).
import type { AnyActorRef } from "xstate";
import type { Limits } from "../../limits.ts";
import type { ActorRegistry } from "../../runtime/actor-registry.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { ActorChange, Inspection, InspectionFilter } from "../inspection.ts";
import { tellStately } from "../stately.ts";
import type {
  ActorDetail,
  ActorsFound,
  ConversationLine,
  EndedLine,
  InspectionLine,
  MovedLine,
  Overview,
  Payloads,
  StartedLine,
  StatelyMessage,
} from "./answers.ts";
import { ConversationActors } from "./conversation-actors.ts";
import type { ActorSearch, Directory } from "./directory.ts";
import type { Recorder } from "./recorder.ts";
import { shown } from "./shown.ts";

/** An overview is cached that long, because each one walks over all actors. */
export const overviewKeptMs = 200;
/** How often a page that watches an actor gets a heartbeat. */
export const heartbeatMs = 10_000;

/** Receives the lines about one actor, about a conversation, or of the Stately inspector. */
export interface Viewer {
  write(line: InspectionLine | ConversationLine | StatelyMessage): void;
  /** Called when there will be no more: the actor has ended, or the server stops. */
  end(): void;
}

/** Stops the lines. "full" when limits.inspectStreamsMax viewers are there already. */
export type Watching = (() => void) | "full";

export interface VisualizerOptions {
  root: AnyActorRef;
  actors: ActorRegistry;
  inspection: Inspection;
  directory: Directory;
  payloads: Payloads;
  /** Undefined when nothing is recorded. */
  recorder?: Recorder | undefined;
  /** True when requests need a token. Without one, only this machine has access. */
  hasToken: boolean;
  /** The directories of the page's files and the charts' pictures. */
  pageDirectory: string;
  chartsDirectory: string;
  counts: () => Record<string, number | boolean>;
  clock: Clock;
  limits: Limits;
}

export class Visualizer {
  readonly options: VisualizerOptions;
  readonly #startedAt: number;
  readonly #viewers = new Set<() => void>();
  #overview: Overview | undefined;
  #overviewAt = 0;

  constructor(options: VisualizerOptions) {
    this.options = options;
    this.#startedAt = options.clock.wall();
  }

  /** At most overviewKeptMs old. */
  overview(): Overview {
    const { clock, payloads, counts, directory, recorder } = this.options;
    const now = clock.now();
    if (!this.#overview || now - this.#overviewAt >= overviewKeptMs) {
      this.#overviewAt = now;
      this.#overview = {
        at: clock.wall(),
        startedAt: this.#startedAt,
        payloads,
        counts: counts(),
        records: recorder?.counts,
        charts: directory.counts(),
      };
    }
    return this.#overview;
  }

  find(search: ActorSearch): ActorsFound {
    return this.options.directory.find(search);
  }

  detail(id: string): ActorDetail | undefined {
    return this.options.directory.detail(id, this.options.limits.inspectedActorsMax);
  }

  /** Watches an actor until it ends or the returned function is called. Undefined when there is no such actor. */
  watch(id: string, viewer: Viewer): Watching | undefined {
    const { inspection, directory, clock } = this.options;
    const actor = directory.summary(id);
    if (!actor) return undefined;
    return this.#serve(viewer, (end) => {
      viewer.write({ type: "actor.shown", at: clock.wall(), startedAt: this.#startedAt, actor });
      const tell = (change: ActorChange): void => {
        viewer.write(this.#lineOf(change));
        if (change.type === "actor.ended") end();
      };
      return inspection.inspect(tell, { actorId: id });
    });
  }

  /** Watches all actors of a conversation, also those that are still to come, until the returned function is called. */
  watchConversation(conversationId: string, viewer: Viewer): Watching {
    const { inspection, directory, root, actors, clock, limits } = this.options;
    return this.#serve(viewer, () => {
      const at = clock.wall();
      viewer.write({ type: "conversation.shown", at, startedAt: this.#startedAt, conversationId });
      const mine = new ConversationActors({
        ...{ root, conversationId, actorsMax: limits.inspectedActorsMax },
        onFound: (found) => {
          const actor = directory.summaryOf(found);
          if (actor) viewer.write({ type: "actor.shown", at: clock.wall(), actor });
        },
        onOmitted: () => viewer.write({ type: "actors.omitted", at: clock.wall() }),
      });
      mine.find(actors);
      return inspection.inspectChosen((change, actor, sender) => {
        if (!mine.isAbout(change, sender)) return;
        const { actorId, order } = change;
        viewer.write({ ...this.#lineOf(change), actorId, order });
        if (change.type === "actor.ended") mine.forget(actor);
      }, mine);
    });
  }

  /** Tells the Stately inspector of the gateway and of the actors that match the filter. */
  watchForStately(filter: InspectionFilter, viewer: Viewer): Watching {
    return this.#serve(viewer, (end) => tellStately(this.options, filter, (message) => viewer.write(message), end));
  }

  /** @param begin starts the lines, apart from the heartbeats, and returns what stops them. */
  #serve(viewer: Viewer, begin: (end: () => void) => () => void): Watching {
    const { clock, limits } = this.options;
    if (this.#viewers.size >= limits.inspectStreamsMax) return "full";
    let heartbeat: Timer;
    const beat = (): void => {
      heartbeat = clock.setTimeout(() => {
        viewer.write({ type: "still.here", at: clock.wall() });
        beat();
      }, heartbeatMs);
    };
    const leave = (): void => {
      stopObserving();
      clock.clearTimeout(heartbeat);
      this.#viewers.delete(end);
    };
    const end = (): void => {
      leave();
      viewer.end();
    };
    const stopObserving = begin(end);
    beat();
    this.#viewers.add(end);
    return leave;
  }

  /** Ends every viewer's stream and the recording, because the server stops. */
  stop(): void {
    this.options.recorder?.stop();
    for (const stop of [...this.#viewers]) stop();
  }

  #lineOf(change: ActorChange): StartedLine | MovedLine | EndedLine {
    // Each field by name: a new one must not reach a page unasked.
    const { at, type, states } = change;
    if (type === "actor.started") return { type, at, states, actions: change.actions };
    if (type === "actor.ended") return { type, at, states, how: change.how, event: change.event };
    const { event, from, handled, transitions, actions, refusedBy, declared } = change;
    const line = { type, at, event, from, handled, transitions, states, actions, refusedBy, declared };
    const { payloads, limits } = this.options;
    if (payloads === "hidden") return line;
    return { ...line, payload: shown(change.payload, limits.inspectedPayloadCharactersMax) };
  }
}
