// How long tests may take, and how much of the code they must reach: the one place for these numbers. Nothing here
// makes a test slower; each is the moment from which waiting on means that something hangs.

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
  /** From the start of the file's process to its end. */
  deadlineMs?: number;
  /** Runs while no other test file does: for what measures memory or time, or starts a browser. */
  alone?: true;
}

export const budgets = {
  /** A single await in a test. Higher: a broken test says so later; lower: a busy machine fails good ones. */
  awaitMs: 10_000,
  /** A test file that has no row below. */
  fileDeadlineMs: 60_000,
  /** The whole run: what has not begun by then is reported as failed. `npm run check` promises 13 minutes. */
  runDeadlineMs: 17 * 60_000,
  /** The coverage report, after the tests. */
  coverageDeadlineMs: 3 * 60_000,
  /** Files at once. More than the cores makes deadlines lie. */
  filesAtOnce: 2,
  /** Characters of one file's output that are kept; of more than that, the beginning and the end. */
  outputCharactersMax: 2_000_000,
  network: {
    /** Clients behind a network that cuts, stalls and throttles: so long, and then what they have is compared. */
    chaosMs: 60_000,
    /** The same for the storm, on a server that is killed twice meanwhile. Shorter: too little happens. */
    stormMs: 15_000,
    /** 200 clients, and a server that is restarted three times meanwhile. Shorter: no turn is under way long enough. */
    restartsMs: 16_000,
  },
  /** The server on a simulated clock: as many seeds as fit in, about forty a second … */
  simulationMs: 90_000,
  /** … and fewer than this prove too little. */
  simulationSeedsLeast: 400,
  /** The same suites with every limit at its smallest. */
  smallest: {
    historiesMs: 12_000,
    simulationMs: 15_000,
  },
  /** A soak that only shows that soaking works. */
  soakMs: 12_000,
  /** Bytes, messages and requests that nobody should send, for so long. */
  fuzzMs: 60_000,
  /** How often the server is killed under load: about one second each. */
  kills: 20,
  killsOnFailingDisk: 3,
  /** The model suites, each as a whole. */
  model: {
    /** All paths of the models of a connection, two connections, a surface and a host's life: 15 s of one core. */
    pathsMs: 100_000,
    /** Every state within the exploration's bounds: 20 s of one core that nobody else wants. */
    explorationMs: 90_000,
    /** The larger bounds, on demand: what is not visited by then is reported as left. */
    largerExplorationMs: 20 * 60_000,
    /** Random histories: as many as fit in; about 100 a second on a core that nobody else wants. */
    historiesMs: 45_000,
    /** The same on the whole embedded server. */
    embeddedHistoriesMs: 20_000,
    /** Fewer than that in their time prove too little: `npm run model` fails. */
    historiesLeast: 500,
    /** One seeded fault: who has not come to an end by then is found by that. */
    mutantMs: 150_000,
  },
} as const;

/** A file called *.alone.test.ts runs alone without a row here. */
export const fileBudgets: FileBudget[] = [
  { path: "test/page/", deadlineMs: 180_000, alone: true },
  // Both cores are at work in it already.
  { path: "test/model/mutation.test.ts", deadlineMs: 400_000, alone: true },
  { path: "test/model/", deadlineMs: 240_000 },
  { path: "test/smallest/", deadlineMs: 240_000 },
  { path: "test/network/storm", deadlineMs: 240_000 },
  { path: "test/network/large-event", deadlineMs: 60_000 },
  { path: "test/network/", deadlineMs: 240_000, alone: true },
  { path: "test/simulation/", deadlineMs: 240_000 },
  { path: "test/kills/", deadlineMs: 180_000 },
  { path: "test/fuzz/", deadlineMs: 180_000 },
  { path: "test/system/", deadlineMs: 120_000 },
  { path: "test/docs/", deadlineMs: 400_000 },
  { path: "test/examples/", deadlineMs: 120_000 },
  { path: "test/run.test.ts", deadlineMs: 120_000 },
  { path: "test/package.test.ts", deadlineMs: 240_000 },
];

/** Percent of a directory, less what a narrower row has, that tests must reach. These may only rise. */
export const coverageFloors: Floor[] = [
  { directory: "machines/", lines: 95, branches: 95 },
  { directory: "src/", lines: 90, branches: 90 },
  { directory: "src/page/", lines: 97, branches: 93, needsBrowser: true },
  { directory: "visualizations/live/", lines: 98, branches: 91, needsBrowser: true },
];
