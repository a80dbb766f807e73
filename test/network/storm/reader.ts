// One client with its views: subscribes on each new socket, goes on after its cursor where it speaks v1, and reads the
// history where it has to. Its views must end with exactly what was generated.
import type { Message } from "../../support/client/transcript.ts";
import type { Dice } from "../../support/dice.ts";
import { historyOf } from "../../support/system-http.ts";
import { Story, type Tally } from "./story.ts";
import { isEventOf, View } from "./view.ts";
import { Visitor } from "./visitor.ts";

/** Of a server that is down. */
const historyAgainMs = 200;
/** Hundreds ask at once after a restart; who gives up and asks again only adds to what a slow server has to do. */
export const historyMs = 90_000;

export interface ReaderOptions {
  name: string;
  conversationIds: string[];
  isV1: boolean;
  isPatient: boolean;
  url: () => string;
  httpUrl: () => string;
  dice: Dice;
  tally: Tally;
  /** Spoils what it hears, for the test of the test: gives what is heard in the message's place. */
  spoil?: ((message: Message) => Message[]) | undefined;
}

export class Reader {
  readonly story = new Story();
  readonly views = new Map<string, View>();
  readonly visitor: Visitor;
  readonly options: ReaderOptions;
  /** Verdicts that are due on this socket: until they have come, what comes is of an earlier subscription. */
  readonly #due = new Map<string, number>();
  #isEnded = false;
  #requests = 0;

  constructor(options: ReaderOptions) {
    this.options = options;
    for (const id of options.conversationIds) this.views.set(id, new View());
    const { url, isV1, isPatient, dice, tally, spoil } = options;
    this.visitor = new Visitor({
      ...{ url, isV1, isPatient, dice, tally, story: this.story },
      opened: () => {
        this.story.note("connected");
        this.#due.clear();
        for (const id of this.views.keys()) this.#subscribe(id);
      },
      heard: (message) => {
        for (const one of spoil ? spoil(message) : [message]) this.#hear(one);
      },
    });
  }

  /** Knows nothing any more, as a page that was loaded again. */
  forget(): void {
    this.story.note("forgot everything");
    for (const id of this.views.keys()) this.views.set(id, new View());
    this.visitor.leave("kill");
  }

  /** Leaves one conversation and comes back to it on the same socket. */
  leaveAndReturn(dice: Dice): void {
    const id = dice.pick(this.options.conversationIds);
    if (!this.visitor.isOpen || !this.options.isV1) return;
    this.story.note(`unsubscribes from ${id} and subscribes again`);
    this.visitor.send({ type: "chat.unsubscribe", conversationId: id });
    this.#subscribe(id);
  }

  /** Does it know each of these turns to its end? */
  knows(conversationId: string, turnIds: Iterable<string>): boolean {
    const view = this.views.get(conversationId);
    if (!view || view.needsHistory) return false;
    const turns = view.turns();
    return [...turnIds].every((turnId) => turns.get(turnId)?.sealed === true);
  }

  end(): void {
    this.#isEnded = true;
    this.visitor.end();
  }

  #subscribe(conversationId: string): void {
    const view = this.#view(conversationId);
    if (!this.options.isV1) {
      view.beginsAnew();
      this.visitor.send({ type: "chat.subscribe", conversationId });
      void this.#readHistory(conversationId);
      return;
    }
    const { cursor } = view;
    const id = `s${++this.#requests}`;
    this.#due.set(conversationId, this.#dueOf(conversationId) + 1);
    this.visitor.send({ type: "chat.subscribe", conversationId, id, ...(cursor && { after: cursor }) });
  }

  #hear(message: Message): void {
    if (message.type === "chat.delta") {
      for (const [id, view] of this.views) if (isEventOf(message, id) && this.#dueOf(id) === 0) view.take(message);
    } else if (message.type === "chat.subscribed") this.#judge(message);
    else if (message.type === "chat.error") throw new Error(`it was refused: ${String(message["message"])}`);
  }

  #judge({ conversationId, epoch, seq, turnId, recovered }: Message): void {
    const id = String(conversationId);
    const view = this.#view(id);
    const { cursor } = view;
    const due = this.#dueOf(id) - 1;
    this.#due.set(id, due);
    if (due > 0) return;
    this.story.note(
      `${id}: recovered ${recovered} at ${String(epoch).slice(0, 4)} ${seq}, ${turnId ?? "no turn"}; ` +
        `has ${cursor ? `${cursor.epoch.slice(0, 4)} ${cursor.seq}` : "nothing"}`,
    );
    if (recovered === true) {
      this.options.tally.add("resumes recovered");
      if (!cursor || cursor.epoch !== epoch || typeof seq !== "number" || seq < cursor.seq)
        throw new Error(`recovered at ${epoch} ${seq}, but it has ${JSON.stringify(cursor)}`);
      view.resumes();
    } else {
      this.options.tally.add(cursor ? "resumes not recovered" : "first subscriptions");
      view.beginsAnew(typeof turnId === "string" ? turnId : undefined);
    }
    if (view.needsHistory) void this.#readHistory(id);
  }

  /** Until it has been read for the newest beginning of this view. */
  async #readHistory(conversationId: string): Promise<void> {
    const view = this.#view(conversationId);
    const { beginnings } = view;
    const isWanted = (): boolean =>
      !this.#isEnded && view.needsHistory && view.beginnings === beginnings && this.#view(conversationId) === view;
    while (isWanted()) {
      try {
        const history = await historyOf({ httpUrl: this.options.httpUrl() }, conversationId, { deadlineMs: historyMs });
        if (!isWanted()) return;
        view.read(history);
        this.options.tally.add("histories read");
        this.story.note(`${conversationId}: read ${history.chunks.length} chunks`);
      } catch (error) {
        this.story.note(`${conversationId}: no history: ${error instanceof Error ? error.message : error}`);
        await new Promise((resolve) => setTimeout(resolve, historyAgainMs));
      }
    }
  }

  #dueOf(conversationId: string): number {
    return this.#due.get(conversationId) ?? 0;
  }

  #view(conversationId: string): View {
    const view = this.views.get(conversationId);
    if (!view) throw new Error(`it does not watch ${conversationId}`);
    return view;
  }
}
