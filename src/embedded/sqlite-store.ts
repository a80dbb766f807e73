// The store on SQLite (node:sqlite): one file, turnwire.db, used by one process. Must never report a write as stored
// before it is committed, and must keep serving reads while the disk fails.
import { type Store, StoreError } from "../ports/store.ts";
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
  return sqliteStore(openDatabase(dataDir, durability, limits, logger), options);
}

export function sqliteStore(open: OpenDatabase, options: WriterOptions): Store {
  const { database, place } = open;
  const writer = new Writer(open, options);
  const queries = committed(database);

  const openWriter = (): Writer => {
    if (!database.isOpen) throw new StoreError(`${place} was closed: open the store again`);
    return writer;
  };
  const read = <Result>(query: (queries: Queries) => Result): Result => {
    // While writing fails, only the retry timer writes; reads see what is committed.
    if (!openWriter().failure) writer.flush();
    try {
      return query(queries);
    } catch (error) {
      throw failureOf(error, place);
    }
  };

  return {
    attempt: (writes) => openWriter().attempt(writes),
    append: (writes) => openWriter().append(writes),
    flush: () => openWriter().flush(),
    get failure() {
      return writer.failure;
    },
    conversation: (id) => read((now) => now.conversation(id)),
    conversations: (selection) => read((now) => now.conversations(selection)),
    chunks: (conversationId, selection) => read((now) => now.chunks(conversationId, selection)),
    latestSeq: (conversationId) => read((now) => latestSeqOf(conversationId, writer.pending.flat(), now.latestSeq)),
    queue: (conversationId) => read((now) => now.queue(conversationId)),
    keptAnswer: (key, conversationId, since) => read((now) => now.keptAnswer(key, conversationId, since)),
    isNamedMessage: (conversationId, messageId) => read((now) => now.isNamedMessage(conversationId, messageId)),
    queuedConversations: () => read((now) => now.queuedConversations()),
    turn: (turnId) => read((now) => now.turn(turnId)),
    turns: (conversationId) => read((now) => now.turns(conversationId)),
    modelsOf: (conversationId) => read((now) => now.modelsOf(conversationId)),
    lastEndedTurn: (conversationId) => read((now) => now.lastEndedTurn(conversationId)),
    unsealedTurns: () => read((now) => now.unsealedTurns()),
    close() {
      if (!database.isOpen) return;
      writer.flush();
      writer.stop();
      database.close();
    },
  };
}
