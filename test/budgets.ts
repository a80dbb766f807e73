// How long tests may take, how much each plays, and how much of the code they must reach: the one place for these
// numbers. A deadline makes no test slower; it is the moment from which waiting on means that something hangs.

/** What `npm test` plays of a suite, and what `npm run test:all` plays where there is more. */
export type Form = "short" | "long";

export const isLong = process.env["TEST_FORM"] === "long";
const byForm = <Short, Long>(short: Short, long: Long): Short | Long => (isLong ? long : short);

export interface Floor {
  directory: string;
  lines: number;
  branches: number;
  /** Judged only where a browser can run the tests. */
  needsBrowser?: true;
}

export interface FileBudget {
  /** Part of the file's path below the root. The first row that fits holds. */
  path: string;
  /**
   * What it takes on a quiet core. The longest begin first, and what takes many times as long hangs. Without it the
   * file is left to the long form.
   */
  seconds?: number;
  /** The same in its long form; without it the file has none. */
  longSeconds?: number;
  /** Runs while no other test file does: for what measures memory or time. */
  alone?: true;
}

export const budgets = {
  /** A single await in a test. Higher: a broken test says so later; lower: a busy machine fails good ones. */
  awaitMs: 20_000,
  /** A test file gets so many times what it takes on a quiet core … */
  deadlineFactor: 12,
  /** … and this at least. */
  fileDeadlineMs: 180_000,
  /** The whole run, in either form: what has not begun by then is reported as failed. */
  runDeadlineMs: 25 * 60_000,
  /** The coverage report, after the tests. */
  coverageDeadlineMs: 3 * 60_000,
  /** Files at once, on two cores. The long forms hardly wait, and fail beside a third. */
  filesAtOnce: byForm(4, 2),
  /** Characters of one file's output that are kept; of more than that, the beginning and the end. */
  outputCharactersMax: 2_000_000,
  network: {
    /** Clients behind a network that cuts, stalls and throttles: so long, and then what they have is compared. */
    chaosMs: byForm(12_000, 60_000),
    /** The same for the storm, on a server that is killed now and then. Shorter: too little happens. */
    stormMs: byForm(11_000, 16_000),
    stormReaders: byForm(20, 36),
    /** Many clients, and a server that is restarted meanwhile. Shorter: no turn is under way long enough. */
    restartsMs: byForm(9_000, 16_000),
    restarts: byForm(2, 4),
    restartClients: byForm(30, 200),
    /** Pieces of 200 characters in the turn that slow sockets watch. */
    ladderTokens: byForm(6_000, 20_000),
    /** So long a peer that reads 8 kB a second is seen to stay open; more than the 10 s that an ack may take. */
    slowPeerMs: byForm(12_000, 20_000),
  },
  /** The server on a simulated clock. */
  simulationSeeds: byForm(150, 3_000),
  /** The same suites with every limit at its smallest. */
  smallest: {
    histories: byForm(100, 600),
    simulationSeeds: byForm(40, 200),
  },
  /** A soak that only shows that soaking works. */
  soakMs: byForm(8_000, 12_000),
  /** Frames that nobody should send, and requests beside them. */
  fuzzFrames: byForm(200_000, 3_000_000),
  /** How often the server is killed under load: about one second each. */
  kills: byForm(2, 20),
  killsOnFailingDisk: byForm(1, 3),
  /** The model suites. */
  model: {
    /** Steps of a tour over the transitions of a model; undefined: every shortest path, and longer ones, are played. */
    tourStepsMax: byForm(16, undefined),
    /** Every state within the exploration's bounds; without its two largest scopes. */
    isWholeExploration: byForm(false, true),
    explorationMs: 240_000,
    /** The larger bounds, on demand: what is not visited by then is reported as left. */
    largerExplorationMs: 20 * 60_000,
    /** Random histories. */
    histories: byForm(150, 2_500),
    /** The same on the whole embedded server. */
    embeddedHistories: byForm(150, 1_000),
    /** Servers that break a promise: each, or every third one. */
    sabotageEvery: byForm(3, 1),
    /** Of `npm run model`, which plays as many as fit in. */
    historiesMs: 45_000,
    embeddedHistoriesMs: 20_000,
    /** Fewer than that in their time prove too little: `npm run model` fails. */
    historiesLeast: 500,
    /** One seeded fault: what has not come to an end by then is found by that. */
    mutantMs: 150_000,
  },
} as const;

/** A file called *.alone.test.ts runs alone without a row here. One without a row takes a few seconds. */
export const fileBudgets: FileBudget[] = [
  { path: "test/network/waiting", longSeconds: 19, alone: true },
  { path: "test/network/ladder", seconds: 33, longSeconds: 60 },
  { path: "test/network/storm", seconds: 30, longSeconds: 75 },
  { path: "test/network/chaos", seconds: 25, longSeconds: 75 },
  { path: "test/network/large-event", seconds: 7 },
  { path: "test/wire/slow", seconds: 38 },
  { path: "test/wire/bad-input", seconds: 30 },
  { path: "test/wire/long-messages", seconds: 15 },
  { path: "test/page/chromium", seconds: 80 },
  { path: "test/page/inspect.test", seconds: 60 },
  { path: "test/page/foreign", seconds: 12 },
  { path: "test/kills/", seconds: 35, longSeconds: 60 },
  { path: "test/system/start", seconds: 30 },
  { path: "test/system/stop", seconds: 30 },
  { path: "test/system/", seconds: 12 },
  { path: "test/model/mutation", longSeconds: 80 },
  { path: "test/model/conversation-paths", seconds: 15, longSeconds: 30 },
  { path: "test/smallest/conversation-paths", longSeconds: 35 },
  { path: "test/model/paths", seconds: 8, longSeconds: 20 },
  { path: "test/smallest/paths", longSeconds: 30 },
  { path: "test/model/explore", seconds: 8, longSeconds: 25 },
  { path: "test/model/random.test", seconds: 7, longSeconds: 60 },
  { path: "test/model/random/embedded", seconds: 7, longSeconds: 30 },
  { path: "test/model/random/sabotage", seconds: 15, longSeconds: 40 },
  { path: "test/model/model.test", seconds: 12 },
  { path: "test/smallest/histories", seconds: 10, longSeconds: 40 },
  { path: "test/smallest/simulation", seconds: 5, longSeconds: 25 },
  { path: "test/simulation/", seconds: 10, longSeconds: 80 },
  { path: "test/fuzz/", seconds: 10, longSeconds: 60 },
  { path: "test/soak/", seconds: 18 },
  { path: "test/run.test.ts", longSeconds: 45 },
  { path: "test/package.test.ts", longSeconds: 60 },
  { path: "test/docs/documents", seconds: 25, longSeconds: 60 },
  { path: "test/examples/", seconds: 15 },
  { path: "test/streams/turn-log.test", seconds: 10 },
];

/** Percent of a directory, less what a narrower row has, that tests must reach. These may only rise. */
export const coverageFloors: Floor[] = [
  { directory: "machines/", lines: 95, branches: 95 },
  { directory: "src/", lines: 90, branches: 90 },
  { directory: "src/page/", lines: 97, branches: 93, needsBrowser: true },
  { directory: "visualizations/live/", lines: 98, branches: 91, needsBrowser: true },
];
