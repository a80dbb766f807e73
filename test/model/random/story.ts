// One random history: some clients, a conversation or two and a surface, what is done with them step by step, and the
// oracle that hears all of it. Must never let a history pass that ends with anything owed, or anything left behind.

import { surfaceKey } from "../oracle/messages.ts";
import { Oracle } from "../oracle.ts";
import type { Backstage } from "./backstage.ts";
import { Cast } from "./cast.ts";
import { bytesAtOnceMax, type RandomServer, smallLimits } from "./server.ts";
import { BrokenPromise, type Stage, turnsOfTheLoop } from "./stage.ts";

/** Facts, joiners and flushes have a bound for each turn of the loop: after so many turns nothing of ours waits. */
const turnsToSettle = 40;

let stories = 0;

export class Story {
  readonly host: Backstage;
  readonly conversationIds: string[];
  readonly oracle: Oracle;
  readonly cast: Cast;
  /** How many commands were carried out. */
  steps = 0;
  readonly #stage: Stage;
  readonly #leave: (() => void)[] = [];
  #serial = 0;

  constructor(stage: Stage, conversations: number) {
    this.#stage = stage;
    this.host = stage.host;
    const { surface } = stage.server;
    const story = ++stories;
    this.conversationIds = Array.from({ length: conversations }, (_, index) => `c${index + 1}.${story}`);
    const oracle = new Oracle({
      surfaceIds: [surface.catalogEntry.id],
      bytesAtOnceMax,
      mayRefuse: () => this.host.refuses !== undefined,
    });
    this.oracle = oracle;
    this.cast = new Cast(stage, oracle);
    stage.server.oracle = oracle;
    surface.audience = {
      changed: (key, version) => oracle.surfaceChanges(key, version),
      failed: (key, version, failure) => oracle.surfaceFails(key, version, failure),
    };
    surface.change(this.conversationIds);
    for (const conversationId of this.conversationIds)
      this.#leave.push(this.host.subscribe(conversationId, (event) => oracle.emits(event)));
    this.#leave.push(this.host.subscribe((news) => oracle.announces(news)));
  }

  /** A text like no other. */
  text(prefix: string, length = 0): string {
    return `${prefix}${++this.#serial}`.padEnd(length, ".");
  }

  // ── the surface ─────────────────────────────────────────────────────────────────────────────────────────────────

  get surface(): RandomServer["surface"] {
    return this.#stage.server.surface;
  }

  // ── the host ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The agent takes what waits, at a tool boundary. */
  steer(conversationId: string): void {
    this.oracle.steers(conversationId);
    this.host.steer(conversationId);
  }

  /** Somebody closes the conversation over another way than ours. */
  closeConversation(conversationId: string): void {
    const { now, runningTurnId } = this.oracle.conversation(conversationId);
    this.oracle.closes(conversationId);
    const { abortedTurn } = this.host.closeConversation(conversationId);
    const turnId = runningTurnId ?? this.host.turnId(conversationId);
    if (abortedTurn && turnId !== undefined) this.oracle.stopsTurn(conversationId, turnId, now);
  }

  // ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Questions that are not answered by now have failed. */
  async providersTimePasses(): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, smallLimits.surfaceAnswerMs + 1));
  }

  /** What holds at every moment holds now. */
  verify(atRest = false): void {
    const problems = [...this.oracle.problems(atRest), ...this.#stage.server.defects()];
    if (problems.length > 0) throw new BrokenPromise(problems.join("\n"));
  }

  /** Until all that is under way has come to its end and everybody who reads has everything. Agents may be silent. */
  async rest(): Promise<void> {
    const until = performance.now() + this.#stage.patienceMs;
    const isAtRest = (): boolean => this.surface.questions === 0 && this.oracle.problems(true).length === 0;
    do {
      await this.#letSettle();
      if (!isAtRest()) continue;
      // Whatever should come beside it must have the time to, and those who do not read may have asked for more.
      await turnsOfTheLoop(turnsToSettle);
      await this.#letSettle();
    } while (!isAtRest() && performance.now() < until);
    this.verify(true);
    this.oracle.rests();
  }

  /** A turn that has begun says so, one that is done is sealed, questions are answered, readers have been heard. */
  async #letSettle(): Promise<void> {
    for (const conversationId of this.conversationIds) {
      this.host.open(conversationId);
      this.host.seal(conversationId);
    }
    while (this.surface.questions > 0) this.surface.answer(0);
    await this.cast.barrier(...this.cast.openNames.filter((name) => !this.cast.isStalled(name)));
    this.verify();
  }

  // ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Everybody reads, every turn ends, everybody leaves: nothing is owed, and nothing is left. */
  async finish(): Promise<void> {
    this.host.refuses = undefined;
    this.host.opensLater = false;
    this.surface.answersLater = false;
    this.surface.failsNext = false;
    // Who is congested must be shown this when it has drained.
    this.surface.change(this.conversationIds);
    await turnsOfTheLoop(turnsToSettle);
    for (const name of this.cast.openNames) if (this.cast.isStalled(name)) this.cast.resume(name);
    await this.cast.barrier(...this.cast.openNames);
    // What those asked for who have gone was handled before their end.
    await this.#stage.patience(() => this.#stage.server.gateway.counts().sockets === this.#openSockets);
    await this.#endTurns();
    await this.rest();
    await this.#everybodyLeaves();
    await this.#farewell();
    await this.rest();
    for (const leave of this.#leave) leave();
    for (const conversationId of this.conversationIds) {
      this.host.forget(conversationId);
      this.surface.forget(surfaceKey(this.surface.catalogEntry.id, conversationId));
    }
    this.#stage.server.oracle = undefined;
    await this.#stage.patience(() => this.host.leftovers() === 0);
    if (this.host.leftovers() > 0) throw new BrokenPromise(`${this.host.leftovers()} conversations are left`);
    this.cast.dismiss();
  }

  async #endTurns(): Promise<void> {
    let isOver = false;
    const all = Promise.all(this.conversationIds.map((id) => this.host.endTurns(id))).then(() => {
      isOver = true;
    });
    await Promise.race([all, this.#stage.patience(() => isOver)]);
  }

  async #everybodyLeaves(): Promise<void> {
    const surfaceId = this.surface.catalogEntry.id;
    for (const name of this.cast.openNames) {
      this.cast.post(name, { type: "unsubscribe", surfaceId });
      for (const conversationId of this.conversationIds) {
        this.cast.post(name, { type: "unsubscribe", surfaceId, conversationId });
        this.cast.post(name, { type: "chat.unsubscribe", conversationId });
      }
    }
    await this.cast.barrier(...this.cast.openNames);
    const left = (): string[] => {
      const { sockets, watches, surfaces } = this.#stage.server.gateway.counts();
      const listeners = this.conversationIds.map((id) => this.host.listeners(id) - 1);
      const open = this.#openSockets;
      return [
        ...(sockets === open ? [] : [`the server has ${sockets} sockets where ${open} are open`]),
        ...(watches === 0 ? [] : [`${watches} watches are left`]),
        ...(surfaces === 0 ? [] : [`${surfaces} surfaces are left`]),
        ...(listeners.every((count) => count === 0) ? [] : ["subscriptions at the orchestrator are left"]),
      ];
    };
    await this.#stage.patience(() => left().length === 0);
    if (left().length > 0) throw new BrokenPromise(left().join("\n"));
  }

  get #openSockets(): number {
    return this.cast.openNames.length + this.#stage.free.length;
  }

  /** What happens when nobody watches any more: nobody must hear of it. */
  async #farewell(): Promise<void> {
    for (const conversationId of this.conversationIds) {
      const text = this.text("farewell-");
      const conversation = this.oracle.conversation(conversationId);
      conversation.accepts(text, conversation.now);
      this.host.begin(conversationId, text);
    }
    await this.#endTurns();
    this.surface.change(this.conversationIds);
  }

  /** The history has failed: its clients are of no more use. */
  abandon(): void {
    this.cast.kill();
    for (const leave of this.#leave) leave();
  }
}
