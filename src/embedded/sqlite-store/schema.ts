// The tables, as a list of migration steps. A released step must never be changed: the schema version (user_version) is
// the number of steps taken, and a new version appends a step.
import type { DatabaseSync } from "node:sqlite";

/** "turn" in ASCII: distinguishes turnwire's files from other databases (PRAGMA application_id). */
export const applicationId = 0x7475726e;

// Text of users and agents is stored as JSON, because JSON.stringify escapes lone surrogates (ECMA-262, well-formed
// JSON.stringify), which UTF-8 would lose. Times are milliseconds since the epoch.
const steps = [
  `CREATE TABLE conversations (
     id TEXT PRIMARY KEY,
     created_at INTEGER NOT NULL,
     last_activity_at INTEGER NOT NULL,
     workspace_id TEXT NOT NULL,
     closed INTEGER NOT NULL,
     facts TEXT NOT NULL -- JSON: the other fields of ConversationRow
   ) STRICT;
   CREATE INDEX conversations_by_activity ON conversations (last_activity_at DESC, created_at DESC, id);

   CREATE TABLE chunks (
     conversation_id TEXT NOT NULL,
     seq INTEGER NOT NULL, -- 1, 2, 3 … without holes
     role TEXT NOT NULL,
     turn_id TEXT,
     chunk TEXT NOT NULL, -- JSON
     PRIMARY KEY (conversation_id, seq)
   ) STRICT;

   CREATE TABLE turns (
     position INTEGER PRIMARY KEY, -- the order in which they began
     turn_id TEXT NOT NULL,
     conversation_id TEXT NOT NULL,
     archived INTEGER NOT NULL, -- 1: a copy that went with an archive
     started_at INTEGER NOT NULL,
     ended_at INTEGER,
     facts TEXT NOT NULL, -- JSON: the other fields of TurnRow
     steps TEXT NOT NULL -- JSON: StepRow[]
   ) STRICT;
   CREATE UNIQUE INDEX turns_by_id ON turns (turn_id) WHERE archived = 0;
   CREATE INDEX turns_by_conversation ON turns (conversation_id, position);
   CREATE INDEX turns_unsealed ON turns (position) WHERE ended_at IS NULL;

   CREATE TABLE journal (
     position INTEGER PRIMARY KEY,
     turn_id TEXT NOT NULL,
     part TEXT NOT NULL -- JSON: JournalPart
   ) STRICT;
   CREATE INDEX journal_by_turn ON journal (turn_id, position);

   CREATE TABLE queue (
     position INTEGER PRIMARY KEY,
     conversation_id TEXT NOT NULL,
     message_id TEXT NOT NULL,
     message TEXT NOT NULL, -- JSON: QueuedMessage
     UNIQUE (conversation_id, message_id)
   ) STRICT;

   -- Units of writes that could never succeed, for a person to look at; nothing reads it.
   CREATE TABLE refused_units (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     refused_at INTEGER NOT NULL,
     reason TEXT NOT NULL,
     writes TEXT NOT NULL -- JSON: Write[]
   ) STRICT;

   -- Empty but for a moment: bytes that prove that there is room again after a failure.
   CREATE TABLE room (bytes BLOB NOT NULL) STRICT;`,

  `CREATE TABLE kept_answers (
     position INTEGER PRIMARY KEY, -- the order in which they were kept
     place TEXT NOT NULL UNIQUE, -- JSON: [key], or [key, conversation id]
     digest TEXT NOT NULL, -- of the request
     answer TEXT NOT NULL, -- JSON: KeptAnswer
     kept_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX kept_answers_by_age ON kept_answers (kept_at);`,

  `ALTER TABLE chunks ADD COLUMN message_id TEXT; -- of a user's text: the id that its client gave it

   -- The ids that clients have given to texts of a conversation; each may be used once.
   CREATE TABLE named_messages (
     conversation_id TEXT NOT NULL,
     message_id TEXT NOT NULL,
     PRIMARY KEY (conversation_id, message_id)
   ) STRICT, WITHOUT ROWID;`,
];

export const schemaVersion = steps.length;

/** Runs the steps that this database lacks, all or none. */
export function migrate(database: DatabaseSync, version: number): void {
  // Needed even without a step to run: it takes the write lock, which locking_mode=EXCLUSIVE then keeps.
  database.exec("BEGIN IMMEDIATE");
  for (const step of steps.slice(version)) database.exec(step);
  if (version < schemaVersion) {
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`);
  }
  database.exec("COMMIT");
}
