// One client with a view of each conversation. It subscribes on each new socket, resumes after its cursor if it speaks
// v1, and reads the history when it has to. Its views must end with exactly what was generated.
import type { Message } from "../../support/client/transcript.ts";
import type { Dice } from "../../support/dice.ts";
import { historyOf } from "../../support/system-http.ts";
import { Story, type Tally } from "./story.ts";
import { isEventOf, View } from "./view.ts";
import { Visitor } from "./visitor.ts";

/** Pause before the history of a server that is down is requested again. */
const historyAgainMs = 200;
/**
 * Hundreds of clients read histories at once after a restart. A client that gives up and asks again only adds to the
 * load of a slow server.
 */
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
  /** Corrupts received messages, to test the checker: returns the messages that replace the given one. */
  spoil?: ((message: Message) => Message[]) | undefined;
}

export class Reader {
  readonly story = new Story();
  readonly views = new Map<string, View>();
  readonly visitor: Visitor;
  readonly options: ReaderOptions;
  /**
   * How many `chat.subscribed` are pending on this socket, by conversation. Until they arrive, events belong to an
   * earlier subscription.
   */
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

  /** Forgets everything, like a page that is reloaded. */
  forget(): void {
    this.story.note("forgot everything");
    for (const id of this.views.keys()) this.views.set(id, new View());
    this.visitor.leave("kill");
  }

  /** Unsubscribes from one conversation and subscribes again on the same socket. */
  leaveAndReturn(dice: Dice): void {
    const id = dice.pick(this.options.conversationIds);
    if (!this.visitor.isOpen || !this.options.isV1) return;
    this.story.note(`unsubscribes from ${id} and subscribes again`);
    this.visitor.send({ type: "chat.unsubscribe", conversationId: id });
    this.#subscribe(id);
  }

  /** Whether the client knows each of these turns up to its end. */
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
    else if (message.type === "chat.error") throw new Error(`a request was refused: ${String(message["message"])}`);
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
        throw new Error(`recovered at ${epoch} ${seq}, but the reader has ${JSON.stringify(cursor)}`);
      view.resumes();
    } else {
      this.options.tally.add(cursor ? "resumes not recovered" : "first subscriptions");
      view.beginsAnew(typeof turnId === "string" ? turnId : undefined);
    }
    if (view.needsHistory) void this.#readHistory(id);
  }

  /** Retries until the history is read, or until the view begins anew. */
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
    if (!view) throw new Error(`the reader does not watch ${conversationId}`);
    return view;
  }
}
