// The store on SQLite (node:sqlite): one file, turnwire.db, used by one process. Must never report a write as stored
// before it is committed, and must keep serving reads while the disk fails.
import type { KeptAnswer } from "../ports/idempotency.ts";
import type { QueuedMessage } from "../ports/orchestrator.ts";
import type {
  ConversationRow,
  ConversationSelection,
  HistorySelection,
  JournalPart,
  StepRow,
  Store,
  TurnRow,
  Write,
} from "../ports/store.ts";
import { StoreError } from "../ports/store.ts";
import type { StoredChunk } from "../protocol/chunk.ts";
import { failureOf } from "./sqlite-store/errors.ts";
import { type Durability, type OpenDatabase, openDatabase } from "./sqlite-store/open-database.ts";
import { latestSeqOf } from "./sqlite-store/pending-seqs.ts";
import { committed, type Queries } from "./sqlite-store/queries.ts";
import { Writer, type WriterOptions } from "./sqlite-store/writer.ts";

export interface SqliteStoreOptions extends WriterOptions {
  /** A directory, created with its parents if it is missing, or ":memory:". */
  dataDir: string;
  durability: Durability;
}

/** Opens and locks the data directory for this process. @throws StoreOpenError */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const { dataDir, durability, limits, logger } = options;
  return new SqliteStore(openDatabase(dataDir, durability, limits, logger), options);
}

export class SqliteStore implements Store {
  readonly #open: OpenDatabase;
  readonly #writer: Writer;
  readonly #committed: Queries;

  constructor(open: OpenDatabase, options: WriterOptions) {
    this.#open = open;
    this.#writer = new Writer(open, options);
    this.#committed = committed(open.database);
  }

  attempt(writes: Write[]): void {
    this.#mustBeOpen();
    this.#writer.attempt(writes);
  }

  append(writes: Write[]): void {
    this.#mustBeOpen();
    this.#writer.append(writes);
  }

  flush(): boolean {
    this.#mustBeOpen();
    return this.#writer.flush();
  }

  get failure(): StoreError | undefined {
    return this.#writer.failure;
  }

  conversation(id: string): ConversationRow | undefined {
    return this.#read((now) => now.conversation(id));
  }

  conversations(selection: ConversationSelection = {}): ConversationRow[] {
    return this.#read((now) => now.conversations(selection));
  }

  chunks(conversationId: string, selection: HistorySelection = {}): StoredChunk[] {
    return this.#read((now) => now.chunks(conversationId, selection));
  }

  latestSeq(conversationId: string): number {
    return this.#read((now) => latestSeqOf(conversationId, this.#writer.pending.flat(), now.latestSeq));
  }

  queue(conversationId: string): QueuedMessage[] {
    return this.#read((now) => now.queue(conversationId));
  }

  keptAnswer(
    key: string,
    conversationId: string | undefined,
    since: number,
  ): { digest: string; answer: KeptAnswer } | undefined {
    return this.#read((now) => now.keptAnswer(key, conversationId, since));
  }

  queuedConversations(): string[] {
    return this.#read((now) => now.queuedConversations());
  }

  turn(turnId: string): TurnRow | undefined {
    return this.#read((now) => now.turn(turnId));
  }

  turns(conversationId: string): { turn: TurnRow; steps: StepRow[] }[] {
    return this.#read((now) => now.turns(conversationId));
  }

  unsealedTurns(): { turn: TurnRow; journal: JournalPart[] }[] {
    return this.#read((now) => now.unsealedTurns());
  }

  close(): void {
    if (!this.#open.database.isOpen) return;
    this.#writer.flush();
    this.#writer.stop();
    this.#open.database.close();
  }

  #read<Result>(query: (now: Queries) => Result): Result {
    this.#mustBeOpen();
    // While writing fails, only the retry timer writes; reads see what is committed.
    if (!this.#writer.failure) this.#writer.flush();
    try {
      return query(this.#committed);
    } catch (error) {
      throw failureOf(error, this.#open.place);
    }
  }

  #mustBeOpen(): void {
    if (!this.#open.database.isOpen) throw new StoreError(`${this.#open.place} was closed: open the store again`);
  }
}
