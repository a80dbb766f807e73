// The watches of one socket on conversations, the events that came for each, and the verdicts (`chat.subscribed`) that
// the socket must get (protocol 1.5.1, 2). Must never count an event for a watch that has not begun for the client, or
// has ended for it.
import { isRecord, type Message } from "../../support/client/transcript.ts";
import { follow } from "../invariants/following.ts";
import type { Said, VerdictsView, WatchView } from "../view.ts";
import type { OracleConversation } from "./conversation.ts";
import { OracleCursor } from "./cursor.ts";
import { type Cursor, type Request, saidOf } from "./messages.ts";
import type { Verdict } from "./numbering.ts";
import type { Ending } from "./posted.ts";

export interface Watch extends WatchView {
  readonly conversationId: string;
  from: readonly number[];
  to: number | undefined;
  liveFrom: number | undefined;
  isResumed: boolean;
  readonly received: Said[];
  readonly numbers: Cursor[];
  readonly cursor: OracleCursor;
  ending: Ending | undefined;
  /** The verdict is outstanding and must come before the first event. */
  awaitsVerdict: boolean;
}

type Subscribe = Extract<Request, { type: "chat.subscribe" }>;

interface VerdictOwed {
  request: Subscribe;
  /** The watch that it began, or, `isPresent`, the one that was there. */
  watch: Watch | undefined;
  isPresent: boolean;
  at: number;
  until: number;
}

export class OracleChatWatches {
  readonly all: Watch[] = [];
  readonly verdicts: {
    readonly owed: string[];
    readonly wrong: string[];
    recovered: number;
    reloaded: number;
  } & VerdictsView = { owed: [], wrong: [], recovered: 0, reloaded: 0 };
  readonly #conversation: (conversationId: string) => OracleConversation;
  readonly #isHeard: (ending: Ending | undefined) => boolean;
  readonly #owed: VerdictOwed[] = [];

  /** @param isHeard whether a message that comes now may still belong to a subscription with this ending */
  constructor(
    conversation: (conversationId: string) => OracleConversation,
    isHeard: (ending: Ending | undefined) => boolean,
  ) {
    this.#conversation = conversation;
    this.#isHeard = isHeard;
  }

  watching(conversationId: string): Watch | undefined {
    return this.all.find((watch) => watch.conversationId === conversationId && watch.to === undefined);
  }

  /** The watch that an event coming now belongs to. */
  hearing(conversationId: string): Watch | undefined {
    return this.all.find((watch) => watch.conversationId === conversationId && this.#isHeard(watch.ending));
  }

  /** Does nothing if the socket watches the conversation already. */
  begin(conversationId: string, from: readonly number[]): Watch | undefined {
    if (this.watching(conversationId)) return undefined;
    const watch: Watch = {
      conversationId,
      from,
      to: undefined,
      liveFrom: undefined,
      isResumed: false,
      received: [],
      numbers: [],
      cursor: new OracleCursor(),
      ending: undefined,
      awaitsVerdict: false,
    };
    this.all.push(watch);
    return watch;
  }

  /** A v1 socket's chat.subscribe was handled at some moment since it was posted. The verdict tells which one. */
  beginWithVerdict(request: Subscribe, at: number): void {
    const { conversationId } = request;
    const conversation = this.#conversation(conversationId);
    const present = this.watching(conversationId);
    const watch = this.begin(conversationId, conversation.beginningsSince(at));
    if (watch) watch.awaitsVerdict = true;
    const subject = { watch: watch ?? present, isPresent: watch === undefined };
    this.#owed.push({ request, ...subject, at, until: conversation.now });
    this.verdicts.owed.push(conversationId);
  }

  end(conversationId: string, ending: Ending): void {
    const watch = this.watching(conversationId);
    if (!watch) return;
    watch.to = this.#conversation(conversationId).now;
    watch.ending = ending;
  }

  isOwedVerdict(conversationId: string): boolean {
    return this.verdicts.owed.includes(conversationId);
  }

  receivesVerdict(message: Message): void {
    const verdict = verdictIn(message);
    const owed = this.#owed.findIndex(({ request }) => request.conversationId === message["conversationId"]);
    const [asked] = owed === -1 ? [] : this.#owed.splice(owed, 1);
    const told = JSON.stringify(message);
    if (!verdict || !asked) {
      this.verdicts.wrong.push(`${told}, which nobody asked for`);
      return;
    }
    this.verdicts.owed.splice(owed, 1);
    const { watch, isPresent, at, until } = asked;
    const { conversationId, after } = asked.request;
    const { numbering } = this.#conversation(conversationId);
    const places = numbering.judge({ after, isPresent, at, until }, verdict);
    if (places.length === 0)
      this.verdicts.wrong.push(`${told} on ${JSON.stringify(asked.request)}${isPresent ? ", subscribed already" : ""}`);
    if (verdict.recovered) this.verdicts.recovered += isPresent ? 0 : 1;
    else this.verdicts.reloaded++;
    if (!watch) return;
    if (isPresent) {
      if (after?.epoch === verdict.epoch && after.seq <= verdict.seq) skip(watch, after, numbering.placesOf(after));
      return;
    }
    watch.awaitsVerdict = false;
    if (places.length > 0) watch.from = places;
    if (!verdict.recovered || !after) return;
    watch.isResumed = true;
    watch.cursor.goesOnAfter(after);
  }

  /** Records an event of a conversation. Returns what is wrong with it, if anything. */
  hears(message: Message, event: { type: string; turnId: string; [field: string]: unknown }, of: string) {
    const watch = this.hearing(of);
    if (!watch) return `a ${event.type} of ${of}`;
    if (watch.awaitsVerdict) return `a ${event.type} of ${of}, before the verdict`;
    const { epoch, seq } = message;
    watch.received.push(saidOf(event));
    const number = { epoch: String(epoch), seq: Number(seq) };
    watch.numbers.push(number);
    const conversation = this.#conversation(of);
    const following = conversation.numbering.isOpen(number.epoch) ? follow(conversation, watch) : undefined;
    conversation.numbering.hasNumbered(number, following && "next" in following ? following.next : undefined);
    const problem = watch.cursor.advance(message);
    return problem === undefined ? undefined : `${problem} (${event.type} of ${of})`;
  }
}

/** After the verdict on a resume nothing older comes, though the socket watches already and its replay is under way. */
function skip(watch: Watch, after: Cursor, places: readonly number[]): void {
  const { seq } = watch.cursor;
  if (seq !== undefined && seq >= after.seq) return;
  watch.isResumed = true;
  if (seq === undefined) {
    watch.from = [...new Set(places.flatMap((place) => watch.from.map((from) => Math.max(from, place))))];
    return;
  }
  watch.from = places;
  watch.received.length = 0;
  watch.numbers.length = 0;
  watch.cursor.goesOnAfter(after);
}

function verdictIn({ epoch, seq, turnId, recovered }: Message): Verdict | undefined {
  if (typeof epoch !== "string" || typeof seq !== "number" || typeof recovered !== "boolean") return undefined;
  if (typeof turnId !== "string" && turnId !== null) return undefined;
  return { epoch, seq, turnId, recovered };
}

/** The event in a chat.delta. */
export function eventIn({ event }: Message) {
  if (!isRecord(event)) return undefined;
  const { type, conversationId, turnId } = event;
  if (typeof type !== "string" || typeof conversationId !== "string" || typeof turnId !== "string") return undefined;
  return { ...event, type, conversationId, turnId };
}
