// The flight recorder (--inspect=record): keeps the last moves of every living actor, and files those of an actor that
// ends badly. Holds no payload but that of the move that went wrong, where payloads are shown: a socket may have sent
// long texts. Reads XState's own inspection events, as it hears every event of every actor.
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from "xstate";
import type { Limits } from "../../limits.ts";
import type { Clock } from "../../runtime/clock.ts";
import { isMachineSnapshot, parentOf, transitionsOf } from "../../runtime/xstate-internals.ts";
import type { Inspection } from "../inspection.ts";
import { chartOf, namesOf, senderOf, statesOf } from "./actor.ts";
import type { Payloads, RecordSummary, RecordsFound } from "./answers.ts";
import { badEnds } from "./bad-ends.ts";
import { type Recording, recordingOf } from "./recording.ts";
import { shown } from "./shown.ts";
import { Tape } from "./tape.ts";

export interface RecorderOptions {
  inspection: Inspection;
  payloads: Payloads;
  clock: Clock;
  limits: Limits;
}

type Ending = Pick<RecordSummary, "how"> & { event: string | undefined };

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #tapes = new Map<object, Tape>();
  /** By the id of the record, the oldest first. */
  readonly #filed = new Map<string, { summary: RecordSummary; recording: Recording }>();
  readonly #senders = new WeakMap<object, string>();
  #total = 0;
  readonly stop: () => void;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.stop = options.inspection.inspectRaw((event) => this.#take(event));
  }

  /** The newest first. */
  records(): RecordsFound {
    return { total: this.#total, records: [...this.#filed.values()].map(({ summary }) => summary).reverse() };
  }

  /** How many are kept, and how many have been filed since the start. */
  get counts(): { kept: number; total: number } {
    return { kept: this.#filed.size, total: this.#total };
  }

  /** Undefined when there is no such record (any more). */
  record(id: string): Recording | undefined {
    return this.#filed.get(id)?.recording;
  }

  #take(raw: InspectionEvent): void {
    const actor = raw.actorRef as AnyActorRef;
    if (raw.type === "@xstate.microstep") this.#tapeOf(actor).take(transitionsOf(raw));
    else if (raw.type === "@xstate.event") {
      const tape = this.#tapes.get(actor);
      // An actor that threw processes no more events: keep the one at which it threw.
      if (tape && actor.getSnapshot()?.status === "active") tape.taking = raw.event.type;
      const sender = raw.sourceRef as AnyActorRef | undefined;
      if (!sender) return;
      this.#senders.set(raw.event, senderOf(sender));
      // XState makes no inspection event of an actor that throws. Its error event to the parent reveals it.
      const last: unknown = sender.getSnapshot();
      if (isMachineSnapshot(last) && last.status === "error")
        this.#end(sender, last, { how: "error", event: this.#tapes.get(sender)?.taking });
    } else if (raw.type === "@xstate.snapshot" && isMachineSnapshot(raw.snapshot))
      this.#move(actor, raw.snapshot, raw.event);
  }

  #tapeOf(actor: AnyActorRef): Tape {
    let tape = this.#tapes.get(actor);
    if (!tape) {
      tape = new Tape(this.#now());
      this.#tapes.set(actor, tape);
    }
    return tape;
  }

  #move(actor: AnyActorRef, snapshot: AnyMachineSnapshot, event: { type: string }): void {
    const { payloads, limits } = this.#options;
    const tape = this.#tapeOf(actor);
    const { type } = event;
    if (type !== "xstate.stop") {
      const step = { at: this.#now(), event: type, from: this.#senders.get(event) };
      const move = tape.add(step, snapshot, limits.recordedMovesMax);
      if (move && tape.badEnd === undefined) {
        tape.badEnd = move.nodes.find(({ id }) => badEnds.has(id))?.id;
        if (tape.badEnd !== undefined && payloads === "full")
          move.payload = shown(event, limits.inspectedPayloadCharactersMax);
      }
    }
    if (snapshot.status !== "active") this.#end(actor, snapshot, { how: snapshot.status, event: type });
  }

  #end(actor: AnyActorRef, snapshot: AnyMachineSnapshot, { how, event }: Ending): void {
    const tape = this.#tapes.get(actor);
    this.#tapes.delete(actor);
    if (!tape || (tape.badEnd === undefined && how !== "error")) return;
    const { bornAt, badEnd, dropped } = tape;
    const { clock, limits } = this.#options;
    const epoch = Math.round(clock.wall() - clock.now());
    const endedAt = epoch + this.#now();
    const { sessionId: actorId } = actor;
    const parentId = parentOf(actor)?.sessionId;
    const who = { id: actorId, chart: chartOf(snapshot), names: namesOf(snapshot), parentId, dropped };
    const why = how === "error" ? `It threw, taking ${event ?? "no event"}.` : (badEnds.get(badEnd ?? "") ?? how);
    const id = `r${++this.#total}`;
    const summary = { id, actor: who, bornAt: epoch + bornAt, endedAt, how, state: badEnd, why };
    const end = { actorId, type: "ended" as const, at: endedAt, states: statesOf(snapshot), event, how };
    const changes = [...tape.changes(actorId, epoch), end];
    this.#filed.set(id, { summary, recording: recordingOf({ madeAt: endedAt, about: why, actors: [who], changes }) });
    const [oldest] = this.#filed.keys();
    if (oldest !== undefined && this.#filed.size > limits.recordsMax) this.#filed.delete(oldest);
  }

  #now(): number {
    return Math.round(this.#options.clock.now());
  }
}
