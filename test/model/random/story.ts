// One random history: some clients, a conversation or two and a surface, what is done with them step by step, and the
// oracle that hears all of it. Must never let a history pass that ends with anything owed, or anything left behind.

import type { KeyableRequest } from "../oracle/messages.ts";
import { Oracle } from "../oracle.ts";
import type { Backstage } from "./backstage.ts";
import { Cast, type Name, type Pairing } from "./cast.ts";
import { endStory, leaveStage, othersAreGone } from "./ending.ts";
import type { CursorKind, KeyedRequest } from "./memory.ts";
import { bytesAtOnceMax, type RandomServer, smallLimits } from "./server.ts";
import { BrokenPromise, type Stage, turnsOfTheLoop, turnsToSettle } from "./stage.ts";

let stories = 0;

export class Story {
  readonly host: Backstage;
  readonly conversationIds: string[];
  readonly oracle: Oracle;
  readonly cast: Cast;
  /** What was asked for under a key and with an id, oldest first: it may be repeated. */
  readonly keyed: KeyedRequest[] = [];
  /** How many commands were carried out. */
  steps = 0;
  readonly #stage: Stage;
  readonly #leave: (() => void)[] = [];
  #serial = 0;

  constructor(stage: Stage, conversations: number, v1: readonly Name[]) {
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
    this.cast = new Cast(stage, oracle, v1);
    stage.server.oracle = oracle;
    surface.audience = {
      changed: (key, version) => oracle.surfaceChanges(key, version),
      failed: (key, version, failure) => oracle.surfaceFails(key, version, failure),
    };
    surface.change(this.conversationIds);
    for (const conversationId of this.conversationIds)
      this.#leave.push(this.host.subscribe(conversationId, (event) => oracle.emits(event)));
    this.#leave.push(this.host.subscribe((broadcast) => oracle.announces(broadcast)));
  }

  /** A text like no other. */
  text(prefix: string, length = 0): string {
    return `${prefix}${++this.#serial}`.padEnd(length, ".");
  }

  // ── clients ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Asks for a turn, perhaps under a key. */
  ask(name: Name, request: KeyableRequest, pairing: Pairing): void {
    const { idempotencyKey } = request;
    if (idempotencyKey !== undefined && pairing === "with an id" && this.cast.isV1(name))
      this.keyed.push({ ...request, idempotencyKey });
    this.cast.post(name, request, pairing);
  }

  /**
   * Asks for the same again. Where another socket has the same on its way, only the replies can say which came first:
   * so they are waited for before anybody asks for more, and there is no race with who has done that already.
   */
  async repeat(name: Name, request: KeyedRequest): Promise<void> {
    const { isRace, open, busy } = this.cast.rivals(name, request);
    const racers = [...new Set([name, ...open])];
    if (!isRace) this.ask(name, request, "with an id");
    else if (busy.length === 0 && racers.every((racer) => !this.cast.isStalled(racer))) {
      this.ask(name, request, "with an id");
      await this.cast.barrier(...racers);
    }
  }

  /** Subscribes after what the client has got, or from the running turn's first event when it has got nothing. */
  resume(name: Name, conversationId: string, kind: CursorKind, pairing: Pairing): void {
    const after = this.cast.memory(name).cursor(conversationId, kind);
    this.cast.post(name, { type: "chat.subscribe", conversationId, ...(after && { after }) }, pairing);
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

  /** Everybody has got everything, and the logs of what is over are kept no longer. */
  async forgetSealedTurns(): Promise<void> {
    await othersAreGone(this, this.#stage);
    await this.rest();
    this.#stage.forgetSealedTurns();
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
    // Where nobody is there to be waited for, what waits for the loop has its turn all the same.
    await turnsOfTheLoop(1);
    await this.cast.barrier(...this.cast.openNames.filter((name) => !this.cast.isStalled(name)));
    this.verify();
  }

  // ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Everything comes to its end, and nothing is owed or left. */
  async finish(): Promise<void> {
    await endStory(this, this.#stage);
    for (const leave of this.#leave) leave();
    await leaveStage(this, this.#stage);
  }

  /** The history has failed: its clients are of no more use. */
  abandon(): void {
    this.cast.kill();
    for (const leave of this.#leave) leave();
  }
}
