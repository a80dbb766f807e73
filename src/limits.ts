// The default of every limit, with what raising and lowering it costs. docs/reference/limits.md is printed from this
// file. src/server/ merges an embedder's changes and passes the limits to every part, and explicitly to libraries, even
// where a library's default is the same. Sizes are in bytes unless the name says otherwise.

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = Object.freeze({
  // ── what a client may send ──────────────────────────────────────────────────────────────────────────────────────
  /** Size of a WebSocket frame or message; over it: close 1009. Also the size of the body of POST /chat. Higher: one
   * client can claim that much memory at once. */
  frameBytesMax: 16 * MiB,
  /** Size of a message other than chat.send. Higher: more parsing per message. Lower: long queued texts no longer
   * fit. */
  messageBytesMax: 64 * KiB,
  /** Size of the text of a chat.send, in UTF-8. Higher: longer prompts, and longer stalls of the event loop while they
   * are read. */
  chatTextBytesMax: 1 * MiB,
  /** Characters of an id. Keep it at 36 or more. Lower: ids that existing hosts use are refused. */
  idCharactersMax: 200,
  /** Characters of an idempotencyKey. Higher: more memory per key. */
  idempotencyKeyCharactersMax: 128,
  /** How long an idempotencyKey is remembered. Higher: more keys are kept. Lower: a request repeated later starts a
   * second turn. */
  idempotencyMs: 24 * 3_600_000,
  /** Idempotency keys remembered in total; over it the oldest is forgotten. Higher: more disk (0.4 kB per key), or more
   * memory in a host (1.3 kB per key). */
  idempotencyKeysMax: 100_000,
  /** Characters of model, cwd, mimeType and other short strings. Higher: more memory per request. Lower: long paths are
   * refused. */
  shortStringCharactersMax: 4_096,
  /** Nesting depth of a message. Higher: more stack for all code that walks a message. */
  nestingDepthMax: 32,
  /** Arrays and objects in a message larger than messageBytesMax, counted before it is parsed. Higher: longer stalls of
   * the event loop. */
  messageOpenersMax: 10_000,
  /** Time per event-loop turn for reading from sockets; the rest is read in later turns. Higher: longer loop turns. */
  inputMsPerLoopTurn: 0.3,
  /** Milliseconds of pause for each millisecond that a message larger than messageBytesMax took; such messages are
   * handled one at a time. Higher: a series of long messages takes longer. Lower: a client that keeps sending long
   * messages delays all others more often. */
  longMessageCooldown: 128,
  /** Longest pause after a message larger than messageBytesMax. Higher: long messages wait longer beside a flood of
   * them. */
  longMessageCooldownMsMax: 3_000,
  /** While messages larger than messageBytesMax wait, each pause is at most this time divided by their number, so that
   * all are handled after about this time. Higher: long messages wait longer. Lower: a flood of long messages delays
   * all others more. */
  longMessageWaitMsMax: 10_000,
  /** Total size of the waiting messages larger than messageBytesMax; over it, messages of clients that have
   * disconnected are dropped, and those over HTTP are refused with 503. Higher: more memory. */
  longMessagesBytesMax: 64 * MiB,
  /** Bytes from one socket that are read immediately; a socket that sends more waits for its turn. Lower: reconnecting
   * clients wait longer. */
  inputFirstBytes: 1 * KiB,
  /** Smallest slice read from a heavy sender per turn. A slice shrinks down to it while reading is slow. Higher:
   * expensive input holds the event loop longer. Lower: more slices for the same bytes. */
  inputSliceBytesMin: 128,
  /** Largest slice read from a heavy sender per turn. A slice grows up to it while reading is fast. Higher: a sender
   * that switches from cheap to expensive input delays others longer. */
  inputSliceBytesMax: 4 * KiB,
  /** Bytes sent without a pause above which a socket counts as flooding; so does one that begins a second turn
   * meanwhile. Lower: when many clients send texts at once, some of them wait. */
  inputFloodBytes: 4 * KiB,
  /** Pause for heavy senders: for each millisecond spent reading from them, one millisecond per flooding socket beyond
   * the first, at most this many. Higher: large messages take longer. Lower: flooding sockets get more of the time. */
  inputCooldown: 15,
  /** Reading time charged to a heavy sender for each turn it begins after the first. Lower: a client that floods with
   * chats gets more of the time. */
  turnWorkMs: 10,
  /** How long a socket may send faster than it is read, without a pause; over it: close 4003. Lower: uploads beside a
   * flood are cut off. */
  inputBusyMsMax: 30_000,
  /** Upgrades waiting for admission, each for handshakeMs at most; over it: 503. Higher: more memory, up to 10 KiB
   * each. Lower: connection storms are refused. */
  pendingUpgradesMax: 8_192,
  /** Bytes that a client may send before its upgrade is answered (RFC 6455 4.1 allows none). Higher: pending upgrades
   * hold more memory. */
  pendingUpgradeBytesMax: 4 * KiB,
  /** A WebSocket that ends within this time counts as short-lived, as does a rejected upgrade or a socket closed for
   * misuse. Higher: more reconnects count. */
  shortLivedSocketMs: 1_000,
  /** Short-lived connections per token and address before further ones are queued. Higher: a client that keeps
   * reconnecting costs more. */
  shortLivedSocketsBurst: 100,
  /** Short-lived connections per second, per token and address, in the long run; over it new connections are queued.
   * Higher: a client that keeps reconnecting costs more. */
  shortLivedSocketsPerSecond: 20,
  /** Frames of one fragmented message. Higher: tiny fragments cost more memory than their bytes. */
  messageFragmentsMax: 16_384,
  /** Chunks of TCP data held for one unfinished frame. Higher: tiny chunks cost more memory than their bytes. Lower:
   * large messages on poor links are refused. */
  messageChunksMax: 262_144,
  /** Pongs waiting to be sent to one peer; when more pings arrive, only the newest are answered. Higher: more work for
   * a client that floods with pings. */
  pendingPongsMax: 60,
  /** Subscriptions (chats and surfaces) of one socket. Higher: one socket costs more memory and more work per event. */
  subscriptionsPerSocketMax: 128,
  /** Unsettled surface actions of one socket. Higher: a provider that hangs holds more of them. */
  invokesPerSocketMax: 32,
  /** Size of the body of an HTTP request other than POST /chat. Higher: more memory and parsing per request. */
  httpBodyBytesMax: 1 * MiB,
  /** Commands (requests that cause work) that a socket may send at once; over it they are refused. Higher: one client
   * can keep the event loop busier. */
  commandsBurst: 100,
  /** Commands per second from one socket in the long run; faster ones are refused. Higher: one client can keep the
   * event loop busier. */
  commandsPerSecond: 20,
  /** A command counts once more for each this many bytes of its message. Higher: one client can keep the event loop
   * busier with long messages. */
  bytesPerCommand: 64 * KiB,
  /** Most commands that a single message counts as. Lower: one client can keep the event loop busier with long
   * messages. */
  commandsPerMessageMax: 20,
  /** Cheap requests that a socket may send at once: subscribing, unsubscribing, pings, invalid messages and unsolicited
   * frames. Higher: one client can keep the event loop busier. Lower: a reconnecting client cannot restore all its
   * subscriptions at once. */
  readsBurst: 512,
  /** Cheap requests per second from one socket in the long run; faster ones are refused. Higher: one client can keep
   * the event loop busier. */
  readsPerSecond: 100,
  /** Requests refused by the rate limit since the client last paused; over it: close 4003. Lower: clients that slow
   * down late are cut off. */
  commandRefusalsMax: 200,
  /** Tokens in the tokens file. Higher: reading the file takes longer. */
  tokensMax: 10_000,
  /** Interval between two checks of the tokens file. Higher: a removed token stays valid longer. */
  tokensFilePauseMs: 250,
  /** Sockets from one address (IPv6: one /64 network); over it: 429. Lower: a large office gets fewer. */
  socketsPerAddressMax: 1_000,
  /** Sockets from one address of this machine, where a proxy may stand in for all clients; over it: 429. Lower: fewer
   * clients behind a local proxy. */
  socketsPerLoopbackAddressMax: 50_000,
  /** Sockets in total. Higher: more file descriptors, and about 9 KB each. */
  socketsMax: 50_000,

  // ── the queue of a conversation ────────────────────────────────────────────────────────────────────────────────
  /** Texts waiting in the queue of one conversation. Higher: longer prompts when they open the next turn. */
  queuedTextsMax: 10,
  /** Characters of one queued text. Higher: longer prompts when the queue opens the next turn. */
  queuedTextCharactersMax: 16_000,

  // ── turn events and logs ────────────────────────────────────────────────────────────────────────────────────────
  /** Size of one encoded event; tool text over it is cut, with a note. Higher: a single write may stall a loop turn
   * longer. */
  eventBytesMax: 1 * MiB,
  /** Encoded length of an event that cannot be split or cut; a longer one is dropped with a warning. Higher: one event
   * can fill unsentBytesMax and so cut off clients that read at an ordinary rate. Lower: a long chat.send is not shown
   * as user-message. */
  wholeEventCharactersMax: 2 * MiB,
  /** Log of one running turn; over it the turn ends with `turn-too-large`. Higher: more memory per conversation. */
  turnLogBytesMax: 8 * MiB,
  /** Log of one conversation, including its sealed turns, of which the oldest are dropped first. Higher: more memory
   * per conversation. Lower: resume fails sooner. */
  conversationLogBytesMax: 32 * MiB,
  /** All logs; over it the oldest sealed ones are dropped, then new turns are refused. Higher: more memory. Lower:
   * resume fails sooner on a busy server. */
  allLogsBytesMax: 256 * MiB,
  /** All logs when none can be dropped; over it growing turns end with `turn-too-large`. Higher: more memory. */
  runningLogsBytesMax: 512 * MiB,
  /** Pause between two searches for logs to drop while there are too many. Lower: more walks over all logs. */
  shedPauseMs: 100,
  /** How long a sealed log is kept for resume. Higher: more memory. Lower: a client that was away for longer cannot
   * resume. */
  sealedLogKeptMs: 10 * 60_000,
  /** Silence of a turn after which an agent host is asked whether it still runs; one that does not is sealed. Higher:
   * dead turns are shown as running for longer. Lower: more calls to the host. */
  deadTurnMs: 5_000,
  /** Steps of a turn (a model call and its tools); over it the turn ends with reason tool-calls. Higher: a looping
   * agent costs more. Lower: long tasks are cut off. */
  stepsPerTurnMax: 25,

  // ── delivery ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Interval between two flushes of one conversation when many clients watch it. Higher: more latency. Lower: more
   * writes. */
  flushIntervalMs: 25,
  /** Live watchers per millisecond of the flush interval. With 10, the interval is 0 for one watcher and reaches 25 ms
   * at 250. Higher: more writes. Lower: more latency. */
  flushWatchersPerMs: 10,
  /** Longest flush interval. While the event loop is late, the interval grows by that lateness up to here. Higher:
   * fewer writes, more latency. */
  flushIntervalMaxMs: 50,
  /** Pending events that trigger a flush before its time. Higher: larger flushes. Lower: more writes. */
  flushEventsMax: 64,
  /** Pending bytes that trigger a flush before its time. Higher: a client that reads 8 kB/s cannot acknowledge a flush
   * within ackTimeoutMs. Lower: more writes. */
  flushBytesMax: 64 * KiB,
  /** Interval between two broadcasts to many sockets. Higher: broadcasts arrive later. Lower: more writes. */
  broadcastIntervalMs: 100,
  /** Sockets per millisecond of the broadcast interval. With 10, the interval is 0 for a few sockets and reaches 100 ms
   * at 1,000. Higher: more writes. Lower: broadcasts arrive later. */
  broadcastSocketsPerMs: 10,
  /** Time per event-loop turn for deferred work; the rest runs in later turns. Higher: sockets are read later. */
  deferredMsPerLoopTurn: 0.5,
  /** Longest wait of deferred work; after it the work runs even if the turn's time is used up. Higher: deltas arrive
   * late when sockets keep the event loop busy. */
  deferredWaitMsMax: 5,
  /** Sockets written to in one loop turn. Higher: the event loop is blocked longer (5,000 in one turn: 42 ms). */
  socketsPerLoopTurn: 64,
  /** Events (socket.congested, cursor.reachedEnd, …) sent to actors in one loop turn; each takes 9–16 µs. Higher: the
   * event loop is blocked longer. Lower: actors learn of them later. */
  dispatchesPerLoopTurn: 100,
  /** New watchers admitted, and watchers catching up served, in one loop turn. Higher: the event loop is blocked
   * longer. Lower: catching up takes longer when many do. */
  catchUpsPerLoopTurn: 32,
  /** Bytes written to a catching-up watcher at a time. Higher: the event loop is blocked longer. Lower: more writes. */
  catchUpSliceBytes: 64 * KiB,

  // ── slow sockets ────────────────────────────────────────────────────────────────────────────────────────────────
  /** Bytes written to a socket before a ping follows; its pong acknowledges them. Higher: a slow reader is noticed
   * later. Lower: more pings. */
  pingEveryBytes: 64 * KiB,
  /** Largest send window: a socket with more unacknowledged bytes gets no live events until it has caught up. Higher:
   * replies wait longer behind deltas. */
  outstandingBytesMax: 256 * KiB,
  /** Smallest send window, reached when acknowledgements are late. Higher: replies wait longer on slow links. Lower:
   * links that are both long and slow carry less. */
  outstandingBytesMin: 64 * KiB,
  /** Target time for an acknowledgement. One that takes longer halves the send window; one that takes less than half of
   * it doubles the window. Higher: replies wait longer. */
  ackTargetMs: 1_000,
  /** Longest wait for a pong since the last acknowledgement (longer after one event of more than pingEveryBytes); over
   * it: close 4001. Lower: clients on bad links are cut off. */
  ackTimeoutMs: 10_000,
  /** Unsent bytes held in this process for one socket; over it: close 4001. Higher: more memory per slow socket. Lower:
   * slow readers are cut off sooner. */
  unsentBytesMax: 4 * MiB,
  /** Unsent bytes held in this process for all slow sockets; over it the sockets that hold the most are closed with
   * 4001. Bytes shared by several sockets count for each. Higher: more memory. Lower: slow readers are cut off sooner
   * while there are many. */
  allUnsentBytesMax: 1_024 * MiB,

  // ── liveness ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Interval of the timer that checks all sockets for missed deadlines. Higher: deadlines are met less exactly. Lower:
   * more walks over all sockets. */
  sweepIntervalMs: 1_000,
  /** Silence after which a socket is pinged. Higher: a dead connection is noticed later. Lower: more pings. */
  silentPingMs: 25_000,
  /** Silence after which a socket is closed with 4002. Higher: dead connections are kept longer. Lower: clients on bad
   * links are cut off. */
  silentCloseMs: 35_000,
  /** From the TCP connection to the end of the request headers; also the longest wait for admission. Higher: idle
   * connections are kept longer. Lower: clients on bad links cannot connect. */
  handshakeMs: 10_000,
  /** From the first byte of an HTTP request to the last byte of its body. Higher: slow requests are kept longer. Lower:
   * large bodies on slow links are refused. */
  requestMs: 120_000,
  /** From the server's close frame to the peer's; after it the TCP connection is destroyed. Higher: unresponsive peers
   * are kept longer. Lower: slow peers may miss the close code. */
  closingMs: 5_000,

  /** Sockets closed together before a planned stop. Higher: more clients reconnect at the same time. */
  closesPerWave: 64,
  /** Average rate of closing sockets before a planned stop. Higher: more clients reconnect at the same time. Lower: a
   * stop takes longer. */
  closesPerSecond: 1_000,
  /** Longest time for closing all sockets before a planned stop; with many sockets it overrides closesPerSecond.
   * Higher: a stop takes longer. */
  closeSpreadMs: 5_000,
  /** How long clients are asked to wait before they reconnect after a planned stop. Higher: clients are away longer.
   * Lower: more attempts while the server restarts. */
  reconnectAfterMs: 1_000,

  // ── surfaces ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Time a provider has for a spec or an action. Higher: viewers wait longer for an error. Lower: slow providers
   * fail. */
  surfaceAnswerMs: 10_000,
  /** Length of an encoded spec. Higher: a few changes of one surface can fill unsentBytesMax and cut off its
   * viewers. */
  specCharactersMax: 1 * MiB,
  /** Unanswered subscribe requests counted for one subscription; each is answered with the whole spec. Higher: one spec
   * may be written that many times at once. */
  surfaceAnswersOwedMax: 16,
  /** Interval at which the catalog of a registry without subscribe is read while sockets are open. Higher: changes are
   * seen later. Lower: more calls to the registry. */
  catalogPollMs: 1_000,

  // ── turns ───────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Longest delay before new text of a running turn is in the journal, and so what kill -9 may lose. Lower: more
   * commits. */
  journalIntervalMs: 250,
  /** Time an agent has to end after its signal was aborted; after it the agent is abandoned and the turn is sealed
   * without it. Higher: a stuck agent delays the seal longer. Lower: more agents still work after their turn is
   * sealed. */
  agentStopMs: 5_000,
  /** Pause between two attempts to seal a turn while the store fails. Higher: turns are sealed later once the store
   * works. Lower: more failing attempts. */
  sealRetryMs: 1_000,
  /** First pause before a failed model call is retried; it doubles with each retry. Calls are retried only before the
   * first token. Lower: more load on a failing provider. */
  retryFirstDelayMs: 500,
  /** Longest pause between two attempts at a model call. A provider that asks for a longer one is not retried. Higher:
   * people wait longer for an error. */
  retryDelayMaxMs: 30_000,
  /** Retries of a model call after the first attempt. Higher: people wait longer for an error. Lower: short outages end
   * turns. */
  retriesMax: 4,
  /** Time for one tool call; over it the tool is aborted and its result is an error. Lower: long commands are cut
   * off. */
  toolRunMs: 10 * 60_000,
  /** Longest silence of a model during its answer; after it the call has failed. Comments of the stream (": ping") are
   * signs of life. Lower: models that think in silence are cut off. */
  modelSilenceMs: 10 * 60_000,
  /** One answer of a model's endpoint; over it the call has failed. Higher: more memory for each running turn. Lower:
   * long answers are cut off, as each token takes about 300 bytes. */
  modelAnswerBytesMax: 64 * MiB,
  /** Characters of one line of an answer, of an answer that is not streamed, and of all tool arguments of an answer;
   * over it the call has failed. Higher: more memory, and longer stalls of the event loop. */
  modelPartCharactersMax: 4 * MiB,
  /** How much of an endpoint's refusal is read. Higher: more memory. Lower: its reason may not be found. */
  modelRefusalBytesMax: 64 * KiB,
  /** Characters of one delta; longer text is sent as several. Lower: more events for the same text. */
  deltaCharactersMax: 64 * KiB,
  /** Unsealed turns in total; over it new ones are refused. Higher: more agents at work, and more memory. */
  runningTurnsMax: 10_000,
  /** Unsealed turns of one token; over it new ones are refused. Higher: one user can take the places of all others. */
  runningTurnsPerTokenMax: 1_000,
  /** Silence after which an agent counts as stalled, which watchers are told. Higher: people learn of it later. Lower:
   * false alarms. */
  agentSilentMs: 60_000,
  /** Silence after which an agent counts as lost and its turn is aborted. Lower: tools that work long in silence are
   * cut off. */
  agentLostMs: 20 * 60_000,
  /** Interval between two checks of the running turns for those that have stalled or that nobody watches. Lower: more
   * walks over all turns. */
  turnCheckMs: 1_000,
  /** Duration of a turn; over it the turn is aborted. Lower: long work of agents and their tools is cut off. */
  turnMs: 2 * 60 * 60_000,
  /** Events taken in one loop turn from an agent that yields without waiting. Higher: everything else waits longer. */
  agentEventsPerLoopTurn: 128,
  /** Newest messages that compaction leaves unchanged. Higher: compaction saves less. Lower: the model loses recent
   * words. */
  compactionMessagesKept: 10,
  /** Time a model has to summarise a conversation. Higher: chat waits longer. Lower: slow models are cut off. */
  compactionMs: 5 * 60_000,
  /** Characters of a summary; over it the compaction fails. Higher: compaction saves less. */
  compactionSummaryCharactersMax: 200_000,
  /** Longest wait of GET /conversations/:id/last; after it: 504. Higher: waiting requests are kept longer. Lower:
   * clients have to ask again during long turns. */
  lastWaitMs: 30 * 60_000,

  // ── access ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /** How long a ticket is valid. Higher: a stolen ticket is useful for longer. Lower: slow clients cannot connect with
   * theirs. */
  ticketMs: 30_000,
  /** Unused tickets; over it the oldest is dropped. Higher: more memory. Lower: tickets are lost while many clients
   * connect. */
  ticketsMax: 10_000,

  // ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** The Retry-After of a 503. Higher: clients stay away longer. Lower: more attempts while the server restarts. */
  retryAfterMs: 5_000,
  /** How long a client of POST /chat may read nothing before it is cut off. Lower: clients on bad links are cut off. */
  chatStallMs: 60_000,

  // ── the live visualizer ─────────────────────────────────────────────────────────────────────────────────────────
  /** Actors in one response, and lanes of a conversation. Higher: longer responses, which block the event loop. */
  inspectedActorsMax: 200,
  /** Pages of the inspectors that watch at the same time. Higher: each adds 3–4 µs to every event of every actor. */
  inspectStreamsMax: 16,
  /** Characters of an event's payload where --inspect=full shows it. Higher: a long prompt fills the page. */
  inspectedPayloadCharactersMax: 4_000,
  /** Moves kept of each living actor with --inspect=record. Higher: more memory for each socket, watch and turn. Lower:
   * a record shows less of what led to the bad end. */
  recordedMovesMax: 16,
  /** Records of actors that ended badly, a few KiB each; over it the oldest is dropped. Higher: more memory. Lower: a
   * burst of flooding sockets displaces the record that you look for. */
  recordsMax: 200,

  // ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────
  /** Largest database that is checked completely when it is opened, 1 ms per MiB. Higher: slower starts. Lower: damage
   * is found later. */
  storeCheckBytesMax: 512 * MiB,
  /** Pages (4 KiB) in the write-ahead log before a checkpoint. Higher: rarer and longer stalls of the event loop. */
  storeCheckpointPages: 256,
  /** Size to which the write-ahead log is truncated after a checkpoint. Higher: more disk. Lower: it grows again after
   * each long turn. */
  storeWalBytesKept: 16 * MiB,
  /** Units of writes that can never succeed, kept for a person to inspect; over it the oldest are deleted. Higher: a
   * defect fills the disk. */
  storeDeadLettersMax: 1_000,
} as const);

/** The limits of one server: the defaults, with an embedder's changes. */
export type Limits = { readonly [name in keyof typeof limits]: number };
