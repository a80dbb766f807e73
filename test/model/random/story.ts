// One random history: some clients, one or two conversations and a surface, the steps that use them, and the oracle
// that observes everything. Must never let a history pass if at its end a message is missing or something is left
// behind.

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
  /** Requests sent with a key and an id, oldest first. They may be repeated. */
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

  /** A unique text. */
  text(prefix: string, length = 0): string {
    return `${prefix}${++this.#serial}`.padEnd(length, ".");
  }

  // ── clients ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Requests a turn, perhaps under a key. */
  ask(name: Name, request: KeyableRequest, pairing: Pairing): void {
    const { idempotencyKey } = request;
    if (idempotencyKey !== undefined && pairing === "with an id" && this.cast.isV1(name))
      this.keyed.push({ ...request, idempotencyKey });
    this.cast.post(name, request, pairing);
  }

  /**
   * Repeats a request. If another socket has the same request pending, only the replies can tell which came first. The
   * replies are then awaited before any of these clients sends more. There is no race with a client that has already
   * sent more.
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

  /**
   * Subscribes with the client's cursor. A client that has received nothing gets the running turn from its first event.
   */
  resume(name: Name, conversationId: string, kind: CursorKind, pairing: Pairing): void {
    const after = this.cast.memory(name).cursor(conversationId, kind);
    this.cast.post(name, { type: "chat.subscribe", conversationId, ...(after && { after }) }, pairing);
  }

  // ── the surface ─────────────────────────────────────────────────────────────────────────────────────────────────

  get surface(): RandomServer["surface"] {
    return this.#stage.server.surface;
  }

  // ── the host ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The agent takes the queued texts, at a tool boundary. */
  steer(conversationId: string): void {
    this.oracle.steers(conversationId);
    this.host.steer(conversationId);
  }

  /** The host closes the conversation, not a client over the wire. */
  closeConversation(conversationId: string): void {
    const { now, runningTurnId } = this.oracle.conversation(conversationId);
    this.oracle.closes(conversationId);
    const { abortedTurn } = this.host.closeConversation(conversationId);
    const turnId = runningTurnId ?? this.host.turnId(conversationId);
    if (abortedTurn && turnId !== undefined) this.oracle.stopsTurn(conversationId, turnId, now);
  }

  // ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Requests for a spec that are not answered by now have failed. */
  async providersTimePasses(): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, smallLimits.surfaceAnswerMs + 1));
  }

  /** Waits until every client has received everything, then sheds the logs of sealed turns. */
  async forgetSealedTurns(): Promise<void> {
    await othersAreGone(this, this.#stage);
    await this.rest();
    this.#stage.forgetSealedTurns();
  }

  /** Throws if a promise is broken. `atRest`: missing messages count as well. */
  verify(atRest = false): void {
    const problems = [...this.oracle.problems(atRest), ...this.#stage.server.defects()];
    if (problems.length > 0) throw new BrokenPromise(problems.join("\n"));
  }

  /** Waits until nothing is under way and every reading client has received everything. Agents may be silent. */
  async rest(): Promise<void> {
    const until = performance.now() + this.#stage.patienceMs;
    const isAtRest = (): boolean => this.surface.questions === 0 && this.oracle.problems(true).length === 0;
    do {
      await this.#letSettle();
      if (!isAtRest()) continue;
      // Unexpected messages need time to arrive, and stalled clients may have requested more.
      await turnsOfTheLoop(turnsToSettle);
      await this.#letSettle();
    } while (!isAtRest() && performance.now() < until);
    this.verify(true);
    this.oracle.rests();
  }

  /**
   * Opens turns that have begun, seals turns that are done, answers requests for specs, and waits for reading clients.
   */
  async #letSettle(): Promise<void> {
    for (const conversationId of this.conversationIds) {
      this.host.open(conversationId);
      this.host.seal(conversationId);
    }
    while (this.surface.questions > 0) this.surface.answer(0);
    // Deferred work must get its event-loop turn, even if there is no client to wait for.
    await turnsOfTheLoop(1);
    await this.cast.barrier(...this.cast.openNames.filter((name) => !this.cast.isStalled(name)));
    this.verify();
  }

  // ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends the history. Throws if a message is missing or something is left behind. */
  async finish(): Promise<void> {
    await endStory(this, this.#stage);
    for (const leave of this.#leave) leave();
    await leaveStage(this, this.#stage);
  }

  /** The history has failed. Its clients cannot be used again. */
  abandon(): void {
    this.cast.kill();
    for (const leave of this.#leave) leave();
  }
}
