// A conversation's running compaction, if there is one: starts it, aborts it, and knows whether texts were queued
// meanwhile. Must always tell the chart when it has ended.
import type { Compacted, NotDone } from "../../ports/conversations.ts";
import { StoreError } from "../../ports/store.ts";
import { compact } from "./compaction.ts";
import type { Services } from "./context.ts";
import type { MessageQueue } from "./message-queue.ts";

export class CompactionRun {
  readonly #conversationId: string;
  readonly #texts: MessageQueue;
  readonly #services: Services;
  #running: AbortController | undefined;
  #waitedBefore: ReadonlySet<string> = new Set();

  constructor(conversationId: string, texts: MessageQueue, services: Services) {
    this.#conversationId = conversationId;
    this.#texts = texts;
    this.#services = services;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  textsCameMeanwhile(): boolean {
    return this.#texts.list().some(({ id }) => !this.#waitedBefore.has(id));
  }

  abort(): void {
    this.#running?.abort();
  }

  async begin(tellFinished: () => void): Promise<Compacted | NotDone> {
    const { settleQueue, logger, broadcast } = this.#services;
    const conversationId = this.#conversationId;
    this.#waitedBefore = new Set(this.#texts.list().map(({ id }) => id));
    this.#running = new AbortController();
    const outcome = await compact(this.#services, conversationId, this.#running).catch((error: unknown): NotDone => {
      if (error instanceof StoreError)
        return { code: "storage-failed", message: `nothing was compacted: ${error.message}` };
      logger.error("orchestrator: a compaction failed", { conversationId, error });
      return { code: "internal", message: "nothing was compacted: the server failed" };
    });
    settleQueue.around(() => {
      this.#running = undefined;
      if ("newConversationId" in outcome) broadcast({ type: "conversation.compacted", conversationId, ...outcome });
      tellFinished();
    });
    return outcome;
  }
}
