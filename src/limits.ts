// Every bound of the system, each with what raising and lowering it costs: the defaults, which src/server/ hands to all
// that is bounded, with an embedder's changes. Passed on by hand, even where a library's default is the same. Sizes in
// bytes unless the name says otherwise.

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = Object.freeze({
  // ── what a client may send ──────────────────────────────────────────────────────────────────────────────────────
  /** A WebSocket frame or message; over it: close 1009. Higher: one client may claim that much memory at once. */
  frameBytesMax: 16 * MiB,
  /** A message other than chat.send. Higher: more parsing a message; lower: long queued texts no longer fit. */
  messageBytesMax: 64 * KiB,
  /** The text of a chat.send, UTF-8. Higher: longer prompts, and longer stalls of the loop while they are read. */
  chatTextBytesMax: 1 * MiB,
  /** Characters of an id; 36 or more. Lower would refuse ids that existing hosts use. */
  idCharactersMax: 200,
  /** Characters of an idempotencyKey. Higher: more memory a key. */
  idempotencyKeyCharactersMax: 128,
  /** How long a key is remembered. Lower: a request that is repeated later starts a second turn. */
  idempotencyMs: 24 * 3_600_000,
  /** Keys remembered in all; the oldest is forgotten. Higher: more disk (0.4 kB each), in a host memory (1.3 kB). */
  idempotencyKeysMax: 100_000,
  /** Characters of model, cwd, mimeType and other short strings. */
  shortStringCharactersMax: 4_096,
  /** Nesting of a message. Deeper costs stack in everyone who walks it. */
  nestingDepthMax: 32,
  /**
   * Arrays and objects in a message of more than messageBytesMax, counted before it is parsed. Higher: longer stalls.
   */
  messageOpenersMax: 10_000,
  /** Reading what sockets have sent may take so long in one loop turn; the rest waits. Higher: longer loop turns. */
  inputMsPerLoopTurn: 0.3,
  /**
   * Messages of more than messageBytesMax are carried out one at a time; for each millisecond that one took, the next
   * waits for so many … Lower: who sends long messages all the time delays all others more often.
   */
  longMessageCooldown: 128,
  /** … but not for longer than this. Higher: long messages wait longer beside a flood of them. */
  longMessageCooldownMsMax: 3_000,
  /** The more of them wait the shorter the rest: all who wait are through after about so long. */
  longMessageWaitMsMax: 10_000,
  /** While those that wait hold more than this, one whose sender has gone is dropped. Higher: more memory. */
  longMessagesBytesMax: 64 * MiB,
  /** Of what a socket has sent, read at once; more waits for its turn. Lower: clients that come back wait longer. */
  inputFirstBytes: 1 * KiB,
  /** What is read of it in one of its turns: when that takes long … */
  inputSliceBytesMin: 128,
  /** … and when it does not. Higher: who sends what is cheap and then what is not delays others longer. */
  inputSliceBytesMax: 4 * KiB,
  /**
   * Who has sent more than this without a pause, or two turns, floods. Lower: of many who send texts at once some
   * wait.
   */
  inputFloodBytes: 4 * KiB,
  /**
   * For each millisecond that those who send much have been given, none of them is given any for one less than those
   * who flood, up to so many. Lower: who floods takes more of the time; higher: large messages take longer.
   */
  inputCooldown: 15,
  /**
   * Who sends more than is read at once, and begins a turn with it, has that one free; each more of them counts as if
   * it had taken so long to read. Lower: who floods with chats takes more of the time.
   */
  turnWorkMs: 10,
  /** For each millisecond that the event loop is late, those who send much wait for so many more … */
  inputLateCooldown: 30,
  /** … but not for longer than this. Higher: large messages take longer beside a flood on a busy server. */
  inputLateCooldownMsMax: 250,
  /** Who sends more than is read, without a pause, for so long: close 4003. Lower cuts off uploads beside a flood. */
  inputBusyMsMax: 30_000,
  /**
   * Upgrades that wait to be taken in, each for handshakeMs at most; over it: 503. Higher: more memory, up to 10 KiB
   * each; lower: storms are refused.
   */
  pendingUpgradesMax: 8_192,
  /** What an upgrade may send before it is answered (RFC 6455 4.1 allows nothing). Higher: those who wait hold more. */
  pendingUpgradeBytesMax: 4 * KiB,
  /** A WebSocket that is gone within so long has come in vain, as one that was turned away or thrown out. */
  shortLivedSocketMs: 1_000,
  /** So many may come in vain at once … */
  shortLivedSocketsBurst: 100,
  /** … and a second, of one token at one address; over it its newcomers wait. Higher: who comes and goes costs more. */
  shortLivedSocketsPerSecond: 20,
  /** Of who has broken the protocol, or has said its last word, a chunk is taken so often. Lower: more work for it. */
  ignoredInputPauseMs: 250,
  /** Frames of one fragmented message. Higher: tiny fragments cost more memory than their bytes. */
  messageFragmentsMax: 16_384,
  /** Chunks of TCP data that one unfinished frame may be held in. */
  messageChunksMax: 262_144,
  /** Pongs owed to a peer at one time; of more pings only the newest are answered. Higher: more work for who floods. */
  pendingPongsMax: 60,
  /** Subscriptions (chats and surfaces) of one socket. Higher: one socket costs more memory and work per event. */
  subscriptionsPerSocketMax: 128,
  /** Surface actions of one socket that have not settled. Higher: a hanging provider holds more of them. */
  invokesPerSocketMax: 32,
  /** Body of an HTTP request other than POST /chat, which has frameBytesMax. */
  httpBodyBytesMax: 1 * MiB,
  /** Requests that make somebody work: so many a socket may send at once … */
  commandsBurst: 100,
  /** … and a second, in the long run; what is faster is refused. Higher: one client may keep the loop busier. */
  commandsPerSecond: 20,
  /** A long message counts as several, one more for each so many bytes of it … */
  bytesPerCommand: 64 * KiB,
  /** … but never as more than so many. Lower: one client may keep the loop busier with long messages. */
  commandsPerMessageMax: 20,
  /**
   * The same for subscribing, unsubscribing, pings, nonsense and frames that answer nothing: a client that comes back
   * takes up all it had …
   */
  readsBurst: 512,
  /** … and in the long run. Higher: one client may keep the loop busier. */
  readsPerSecond: 100,
  /** Requests refused as too fast since the last pause; over it: close 4003. Lower cuts off clients that learn late. */
  commandRefusalsMax: 200,
  /** Tokens in the tokens file. Higher: longer reading of it. */
  tokensMax: 10_000,
  /** Between two looks at the tokens file. Higher: a token that was taken away is good for longer. */
  tokensFilePauseMs: 250,
  /** Sockets from one address (IPv6: one /64 network); over it: 429. Lower: a large office has fewer. */
  socketsPerAddressMax: 1_000,
  /** The same for addresses of this machine, where a proxy may stand for everybody. */
  socketsPerLoopbackAddressMax: 50_000,
  /** Sockets in all. Higher needs more file descriptors and about 9 KB each. */
  socketsMax: 50_000,

  // ── the queue of a conversation ────────────────────────────────────────────────────────────────────────────────
  /** Texts that wait in the queue of one conversation. Higher: longer prompts when they open the next turn. */
  queuedTextsMax: 10,
  /** Characters of one queued text. */
  queuedTextCharactersMax: 16_000,

  // ── turn events and logs ────────────────────────────────────────────────────────────────────────────────────────
  /** One event, encoded; tool text over it is cut with a note. Higher: a single write may stall a loop turn longer. */
  eventBytesMax: 1 * MiB,
  /**
   * An event that cannot be parted or cut, encoded; a larger one is dropped with a warning. Lower: a long chat.send is
   * not shown as user-message; higher: one event fills unsentBytesMax and cuts off who reads at an ordinary pace.
   */
  wholeEventCharactersMax: 2 * MiB,
  /** The log of one running turn; over it the turn ends with `turn-too-large`. Higher: more memory a conversation. */
  turnLogBytesMax: 8 * MiB,
  /** The log of one conversation, with its sealed turns, of which the oldest is shed. Lower: resume fails sooner. */
  conversationLogBytesMax: 32 * MiB,
  /**
   * All logs; the oldest sealed ones are shed first, then new turns are refused. Lower: resume fails sooner on a busy
   * server.
   */
  allLogsBytesMax: 256 * MiB,
  /** All logs when nothing can be shed: over it turns that grow end with `turn-too-large`. Higher: more memory. */
  runningLogsBytesMax: 512 * MiB,
  /** Between two searches for logs to shed while there are too many. Lower: more walks over all logs. */
  shedPauseMs: 100,
  /** How long a sealed log is kept for resume. */
  sealedLogKeptMs: 10 * 60_000,
  /** Steps of a turn (a model call and its tools); over it: done with reason tool-calls. */
  stepsPerTurnMax: 25,

  // ── delivery ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Pause between two flushes of one conversation when many watch. Lower: more writes; higher: more latency. */
  flushIntervalMs: 25,
  /** Watchers for each millisecond of the pause: below 250 live watchers it is shorter, for one it is 0. */
  flushWatchersPerMs: 10,
  /** The same while the event loop is late: it is lengthened by the lateness. Higher: fewer writes, more latency. */
  flushIntervalMaxMs: 50,
  /** A flush goes out before its time when this many events have gathered … */
  flushEventsMax: 64,
  /** … or this many bytes. Higher: who reads 8 kB/s cannot give the receipt of a flush within ackTimeoutMs. */
  flushBytesMax: 64 * KiB,
  /** Pause between two passes of news over many sockets. Lower: more writes; higher: later news. */
  broadcastIntervalMs: 100,
  /** Sockets for each millisecond of that pause: below 1,000 it is shorter, for a few it is 0. */
  broadcastSocketsPerMs: 10,
  /** What is deferred runs for so long in a loop turn, the rest in the next ones … Higher: sockets are heard later. */
  deferredMsPerLoopTurn: 0.5,
  /** … but what has waited for so long is run. Higher: deltas come late when sockets keep the loop busy. */
  deferredWaitMsMax: 5,
  /** Sockets written in one loop turn. Higher: the loop is held longer (5,000 in one go: 42 ms). */
  socketsPerLoopTurn: 64,
  /** Facts (turn.began, turn.sealed, …) sent to actors in one loop turn; each takes 9–16 µs. */
  dispatchesPerLoopTurn: 100,
  /** Joiners and catching-up cursors served in one loop turn. */
  catchUpsPerLoopTurn: 32,
  /** One slice of catching up. */
  catchUpSliceBytes: 64 * KiB,

  // ── slow sockets ────────────────────────────────────────────────────────────────────────────────────────────────
  /** A ping marks the stream after this many bytes; its pong is the receipt. Lower: more pings. */
  pingEveryBytes: 64 * KiB,
  /** Outstanding bytes above which a socket leaves the live sets. Higher: replies wait longer behind deltas. */
  outstandingBytesMax: 256 * KiB,
  /** The same for a socket whose receipts are late. Lower: links that are both long and slow carry less. */
  outstandingBytesMin: 64 * KiB,
  /** A receipt that takes longer halves the bound, one of half of it doubles it. Higher: replies wait longer. */
  ackTargetMs: 1_000,
  /**
   * A mark unanswered for so long after the last receipt (longer after one event of more than pingEveryBytes): close
   * 4001. Lower cuts off readers on bad links.
   */
  ackTimeoutMs: 10_000,
  /** Bytes the process holds for one socket; over it: close 4001. */
  unsentBytesMax: 4 * MiB,
  /**
   * Bytes the process holds for all sockets that are behind; over it those who are owed most are closed with 4001. What
   * many are owed in common is counted for each. Lower cuts off slow readers sooner while there are many.
   */
  allUnsentBytesMax: 1_024 * MiB,

  // ── liveness ────────────────────────────────────────────────────────────────────────────────────────────────────
  /**
   * The one sweep over all sockets. Shorter: deadlines are met more exactly, at the cost of a walk over the sockets.
   */
  sweepIntervalMs: 1_000,
  /** A socket silent for so long is pinged … */
  silentPingMs: 25_000,
  /** … and one silent for so long is closed with 4002. */
  silentCloseMs: 35_000,
  /** From the TCP connection to the end of the request's headers. */
  handshakeMs: 10_000,
  /** From the first byte of an HTTP request to the last one of its body. Lower refuses large bodies on slow links. */
  requestMs: 120_000,
  /** From our close frame to the peer's; then the TCP connection is cut. */
  closingMs: 5_000,

  /** Sockets closed together before a planned stop. Higher: more clients come back at one time. */
  closesPerWave: 64,
  /** Sockets closed in a second, in the mean … */
  closesPerSecond: 1_000,
  /** … unless it would take longer than this to close them all. Higher: a stop takes longer. */
  closeSpreadMs: 5_000,
  /** How long clients are asked to wait before they come back after a planned stop. */
  reconnectAfterMs: 1_000,

  // ── surfaces ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A provider's time for a spec or an action. */
  surfaceAnswerMs: 10_000,
  /** A spec, encoded. Higher: a few changes of one surface fill unsentBytesMax and cut off its viewers. */
  specCharactersMax: 1 * MiB,
  /** Surfaces owed to one subscription that asks again and again. Higher: one spec may be written so often at once. */
  surfaceAnswersOwedMax: 16,
  /** How often a registry without subscribe is asked for its catalog, while sockets are open. */
  catalogPollMs: 1_000,

  // ── turns ───────────────────────────────────────────────────────────────────────────────────────────────────────
  /** New text of a running turn reaches the journal at most so late: what kill -9 may cost. Lower: more commits. */
  journalIntervalMs: 250,
  /** An agent's time to end after its signal was aborted; then it is abandoned and the turn sealed without it. */
  agentStopMs: 5_000,
  /** Between two tries to seal a turn while the store fails. */
  sealRetryMs: 1_000,
  /** Back-off before the first token: the first pause; doubled each time. */
  retryFirstDelayMs: 500,
  /** The longest pause between two tries. */
  retryDelayMaxMs: 30_000,
  /** Tries after the first one. */
  retriesMax: 4,
  /** A tool that has not settled by then is told to stop, and its result is an error. Lower cuts off long commands. */
  toolRunMs: 10 * 60_000,
  /** A model that sends no part of its answer for so long has failed. Lower cuts off models that think in silence. */
  modelSilenceMs: 10 * 60_000,
  /** Characters of one delta; a longer piece of text is emitted as several. Lower: more events for the same text. */
  deltaCharactersMax: 64 * KiB,
  /** Turns that are not sealed, in all; one more is refused. Higher: more agents at work, and more memory. */
  runningTurnsMax: 10_000,
  /** The same for one token. Higher: one user may take the places of all. */
  runningTurnsPerTokenMax: 1_000,
  /** An agent without a sign of life for so long has stalled, and the conversation says so. Lower: false alarms. */
  agentSilentMs: 60_000,
  /** One without any for so long is lost: its turn is aborted. Lower ends tools that are long at work in silence. */
  agentLostMs: 20 * 60_000,
  /** Between two looks at the running turns, for those that have stalled or that nobody watches. */
  turnCheckMs: 1_000,
  /** A turn that runs for so long is aborted. Lower cuts off long work of agents and their tools. */
  turnMs: 2 * 60 * 60_000,
  /** Values of an agent that never waits, taken in one loop turn. Higher: everything else waits longer for its turn. */
  agentEventsPerLoopTurn: 128,
  /** Messages that compaction leaves as they are. Higher: less is saved; lower: the model loses recent words. */
  compactionMessagesKept: 10,
  /** A model's time to sum up a conversation. Lower cuts off slow models; higher keeps chat waiting. */
  compactionMs: 5 * 60_000,
  /** Characters of a summary; over it the compaction fails. Higher: less is saved by compacting. */
  compactionSummaryCharactersMax: 200_000,
  /** A stuck GET /conversations/:id/last ends with 504. */
  lastWaitMs: 30 * 60_000,

  // ── access ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /** How long a ticket is good for. */
  ticketMs: 30_000,
  /** Tickets not used yet; the oldest is dropped. */
  ticketsMax: 10_000,

  // ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** What a 503 names as Retry-After. Lower: more tries while the server restarts; higher: clients stay away longer. */
  retryAfterMs: 5_000,
  /** A reader of POST /chat that takes nothing for so long is cut off. Lower cuts off readers on bad links. */
  chatStallMs: 60_000,

  // ── the live visualizer ─────────────────────────────────────────────────────────────────────────────────────────
  /** Actors in one answer. Higher: longer answers, which hold the loop while they are made. */
  inspectedActorsMax: 200,
  /** Actors that are watched at once, by all pages together. Higher: each costs every event of every actor 3–4 µs. */
  inspectStreamsMax: 16,
  /** Characters of an event's contents, where --inspect=full shows them. Higher: a long prompt fills the page. */
  inspectedPayloadCharactersMax: 4_000,
  /**
   * Happenings that the Stately inspector's thread has not taken yet; over it they are left out, and what there is then
   * is told anew. Higher: more memory while its page cannot keep up.
   */
  statelyWaitingMax: 10_000,
  /** Bytes that the Stately inspector's relay holds for one page; over it that page is cut off. */
  statelyViewerBytesMax: 16 * MiB,
  /** Actors told anew to the Stately inspector in one loop turn, 20 µs each. */
  statelyActorsPerLoopTurn: 64,

  // ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────
  /**
   * A database up to this size is checked whole when it is opened, 1 ms a MiB. Higher: slower starts, damage seen
   * sooner.
   */
  storeCheckBytesMax: 512 * MiB,
  /** Pages (4 KiB) of the write-ahead log before it is written back. Higher: rarer and longer stalls of the loop. */
  storeCheckpointPages: 256,
  /**
   * The write-ahead log is cut to this size when it has been written back. Lower: it grows anew after each long turn.
   */
  storeWalBytesKept: 16 * MiB,
  /**
   * Units of writes that can never succeed are kept for a person to see; the oldest go. Higher: a defect fills the
   * disk.
   */
  storeDeadLettersMax: 1_000,
} as const);

/** A server's bounds: the defaults, or what an embedder gives in their place. */
export type Limits = { readonly [name in keyof typeof limits]: number };
