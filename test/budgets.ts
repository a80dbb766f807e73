// The one place for the numbers of the tests: how long they may take, how much each one runs, and how much of the code
// they must cover. A deadline makes no test slower. It is the time after which a test counts as hanging.

/**
 * How much of a suite runs: `npm test` runs the short form, `npm run test:all` the long form of a suite that has one.
 */
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
  /** Part of the file's path below the root. The first row that matches applies. */
  path: string;
  /**
   * How long the file takes on an idle core. The longest files start first, and a file that takes many times as long
   * counts as hanging. Without this field, only the long form includes the file.
   */
  seconds?: number;
  /** The same for the long form. Without this field, the file has no long form. */
  longSeconds?: number;
  /** Runs while no other test file does, because it measures memory or time. */
  alone?: true;
}

export const budgets = {
  /**
   * Deadline of a single await in a test. Higher: a broken test fails later. Lower: good tests fail on a busy machine.
   */
  awaitMs: 20_000,
  /** Deadline of a single wait for a page to show something: beside other tests a browser is several times slower. */
  pageMs: 60_000,
  /** The deadline of a test file, as a multiple of what it takes on an idle core. */
  deadlineFactor: 12,
  /** The least deadline of a test file. */
  fileDeadlineMs: 180_000,
  /** Deadline of the whole run, in either form. A file that has not begun by then is reported as failed. */
  runDeadlineMs: 25 * 60_000,
  /** Deadline of the coverage report, which follows the tests. */
  coverageDeadlineMs: 3 * 60_000,
  /** Test files that run at once on two cores. The long forms hardly wait, so they fail beside a third one. */
  filesAtOnce: byForm(4, 2),
  /** Characters kept of one file's output. Of a longer output, the beginning and the end are kept. */
  outputCharactersMax: 2_000_000,
  network: {
    /** How long clients run behind a network that cuts, stalls and throttles, before what they have is compared. */
    chaosMs: byForm(7_000, 60_000),
    /** The same for the storm, whose server is killed now and then. Shorter: too little happens. */
    stormMs: byForm(7_000, 16_000),
    stormReaders: byForm(12, 36),
    /** How long many clients run while the server is restarted. Shorter: no turn runs long enough. */
    restartsMs: byForm(8_000, 16_000),
    restarts: byForm(2, 4),
    restartClients: byForm(30, 200),
    /** Pieces of 200 characters in the turn that slow sockets watch. */
    ladderTokens: byForm(6_000, 20_000),
    /** How long a peer that reads 8 kB a second must stay open. More than the 10 s that an ack may take. */
    slowPeerMs: byForm(12_000, 20_000),
  },
  /** Random seeds for the server on a simulated clock. */
  simulationSeeds: byForm(60, 3_000),
  /** The same suites with every limit at its smallest. */
  smallest: {
    histories: byForm(60, 600),
    simulationSeeds: byForm(25, 200),
  },
  /** A soak that only proves that the soak itself works. */
  soakMs: byForm(8_000, 12_000),
  /** The least number of invalid frames that the fuzz test sends, beside invalid requests. */
  fuzzFrames: byForm(120_000, 3_000_000),
  /** How often the server is killed under load: about one second each. */
  kills: byForm(2, 20),
  /** Random turns against a strict model endpoint, and how often the server is killed meanwhile. */
  endpointTurns: byForm({ turns: 150, kills: 1 }, { turns: 1_000, kills: 4 }),
  killsOnFailingDisk: byForm(1, 3),
  /** The model suites. */
  model: {
    /** Steps of a tour over the transitions of a model; undefined: every shortest path and longer ones are played. */
    tourStepsMax: byForm(16, undefined),
    /** Whether every state within the exploration's bounds is visited, or its two largest scopes are left out. */
    isWholeExploration: byForm(false, true),
    explorationMs: 240_000,
    /** Time for the larger bounds, on demand. States that are not visited by then are reported. */
    largerExplorationMs: 20 * 60_000,
    /** Random histories. */
    histories: byForm(100, 2_500),
    /** The same on the whole embedded server. */
    embeddedHistories: byForm(100, 1_000),
    /** Seeds of the simulation, and histories of each kind, whose actors are held against their charts. */
    conformance: { seeds: byForm(40, 200), histories: byForm(30, 100) },
    /** Which seeded faults are tested: each, or every third one. */
    sabotageEvery: byForm(3, 1),
    /** Time for `npm run model`, which plays as many histories as fit in. */
    historiesMs: 45_000,
    embeddedHistoriesMs: 20_000,
    /** With fewer histories than this, `npm run model` fails, because they prove too little. */
    historiesLeast: 500,
    /** How many faulty charts the tests explore, and how many they play on real sockets. `npm run model` takes all. */
    mutantsExplored: byForm(15, 30),
    mutantsPlayed: byForm(0, 2),
    /** Of each scope, the states that are visited with a faulty chart. Higher: few faults more are found. */
    mutantStates: 2_500,
    /** Steps of a tour over the transitions of a model that is played with a faulty chart. */
    mutantStepsMax: 16,
    /** How long one step may take with a faulty chart. Lower: good steps fail on a busy machine. */
    mutantStepMs: 5_000,
    /** Of each model, the paths that are played with a faulty chart. */
    mutantPathsMax: 12,
    /** The random histories, of each kind, that are played with a faulty chart which no path shows. */
    mutantHistories: 40,
    /** Deadline of one seeded fault. A fault that prevents the suite from ending by then counts as found. */
    mutantMs: 60_000,
  },
} as const;

/** A file named *.alone.test.ts runs alone even without a row. A file without a row takes a few seconds. */
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
  { path: "test/endpoints/", seconds: 8, longSeconds: 60 },
  { path: "test/kills/", seconds: 35, longSeconds: 60 },
  { path: "test/system/start", seconds: 30 },
  { path: "test/system/stop", seconds: 30 },
  { path: "test/system/", seconds: 12 },
  { path: "test/model/conformance", seconds: 5, longSeconds: 30 },
  { path: "test/model/mutation", seconds: 19, longSeconds: 70 },
  { path: "test/model/conversation-paths", seconds: 15, longSeconds: 30 },
  { path: "test/smallest/conversation-paths", longSeconds: 35 },
  { path: "test/model/paths", seconds: 8, longSeconds: 20 },
  { path: "test/smallest/paths", longSeconds: 30 },
  { path: "test/model/explore", seconds: 12, longSeconds: 45 },
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

/** Percent of a directory that tests must cover, without the files of a narrower row. These may only rise. */
export const coverageFloors: Floor[] = [
  { directory: "machines/", lines: 95, branches: 95 },
  { directory: "src/", lines: 90, branches: 90 },
  { directory: "src/page/", lines: 97, branches: 93, needsBrowser: true },
  { directory: "visualizations/live/", lines: 98, branches: 91, needsBrowser: true },
];
