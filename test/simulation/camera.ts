// Films a simulated world: every change of all its actors, on the simulated clock, and the steps as captions. The same
// seed gives the same film, so what differs from run to run is named anew: ids of actors, and random ids of sockets.

import {
  type RecordedActor,
  type RecordedChange,
  type Recording,
  recordingOf,
} from "../../src/diagnostics/inspection/recording.ts";
import type { ActorChange } from "../../src/diagnostics/inspection.ts";
import type { World } from "./world.ts";

export class Camera {
  readonly #actors = new Map<string, RecordedActor>();
  readonly #changes: RecordedChange[] = [];
  readonly #captions: { from: number; text: string }[] = [];
  readonly #sockets = new Map<string, string>();

  film({ gateway, clock }: World): void {
    const { root, directory } = gateway;
    const { chart = "", names = {}, states = [] } = directory.summary(root.sessionId) ?? {};
    const actorId = this.#actor({ actorId: root.sessionId, chart, names }, undefined);
    this.#changes.push({ actorId, type: "shown", at: clock.now(), states });
    gateway.inspect((change) => this.#take(change, clock.now()));
  }

  /** What was done. @param from the place of its first change */
  caption(from: number, text: string): void {
    this.#captions.push({ from, text });
  }

  /** The number of changes so far. */
  get place(): number {
    return this.#changes.length;
  }

  recording(about: string): Recording {
    const actors = [...this.#actors.values()];
    return recordingOf({ madeAt: 0, about, actors, changes: this.#changes, captions: this.#captions });
  }

  #take(change: ActorChange, at: number): void {
    const actorId = this.#actor(change, change.type === "actor.started" ? change.parentId : undefined);
    const { states } = change;
    if (change.type === "actor.started") this.#changes.push({ actorId, type: "started", at, states });
    else if (change.type === "actor.ended")
      this.#changes.push({ actorId, type: "ended", at, states, event: change.event, how: change.how });
    else {
      const { event, handled, transitions, actions, refusedBy, declared } = change;
      const from = change.from && (this.#actors.get(change.from)?.id ?? change.from);
      this.#changes.push({
        actorId,
        type: "moved",
        at,
        states,
        event,
        from,
        handled,
        transitions,
        ...{ actions, refusedBy, declared },
      });
    }
  }

  /** The id of an actor in the film. */
  #actor({ actorId, chart, names }: Pick<ActorChange, "actorId" | "chart" | "names">, parentId: string | undefined) {
    const known = this.#actors.get(actorId);
    if (known) return known.id;
    const id = `x:${this.#actors.size}`;
    const parent = parentId && this.#actors.get(parentId)?.id;
    this.#actors.set(actorId, { id, chart, names: this.#named(names), parentId: parent });
    return id;
  }

  #named(names: RecordedActor["names"]): RecordedActor["names"] {
    const { connectionId } = names;
    if (connectionId === undefined) return names;
    const known = this.#sockets.get(connectionId) ?? `socket-${this.#sockets.size + 1}`;
    this.#sockets.set(connectionId, known);
    return { ...names, connectionId: known };
  }
}
