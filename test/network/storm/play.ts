// Plays a whole storm. Clients on a bad network watch conversations. Once the network is good again, each client must
// have exactly what was generated.

import type { Message } from "../../support/client/transcript.ts";
import { eventually, within } from "../../support/deadline.ts";
import { Dice } from "../../support/dice.ts";
import { ThrottlingProxy } from "../../support/throttling-proxy.ts";
import { Author } from "./author.ts";
import { Poster } from "./poster.ts";
import { Reader } from "./reader.ts";
import { Tally } from "./story.ts";
import { faultsOf, settle, truthsOf } from "./verdict.ts";
import { type Exposed, Weather } from "./weather.ts";
import { World } from "./world.ts";

const settleMs = 90_000;

export interface StormOptions {
  seed: number;
  /** How long the network is bad. */
  forMs: number;
  /** The storm continues until each of these counts is reached, which takes longer on a busy machine. */
  least?: Record<string, number>;
  readers?: number;
  conversations?: number;
  posters?: number;
  /** Average time between two faults of one client. */
  everyMs?: number;
  /** Uses smaller limits. With `killEveryMs`, the server is killed at that interval. */
  isSmall?: boolean;
  killEveryMs?: number;
  /** The server is stopped as planned and restarted at this interval. `drainMs` is how long it lets turns run on. */
  restartEveryMs?: number;
  drainMs?: number;
  /** The most kills or restarts. Without this limit, a busy machine would get nothing done between two starts. */
  downsMost?: number;
  /** Corrupts the messages that the first reader receives, to test the checker. */
  spoil?: (message: Message) => Message[];
}

export interface StormReport {
  seed: number;
  tally: Tally;
  /** Each names the client and what is wrong, followed by the client's story. */
  faults: string[];
}

/** All participants of a storm. */
class Company {
  readonly readers: Reader[] = [];
  readonly posters: Poster[] = [];
  readonly authors: Author[] = [];
  readonly exposed: Exposed[] = [];
  readonly #proxies: ThrottlingProxy[] = [];

  static async gather(world: World, dice: Dice, tally: Tally, options: StormOptions): Promise<Company> {
    const { readers = 36, conversations = 6, posters = 4, spoil } = options;
    const company = new Company();
    const common = () => ({ httpUrl: () => world.httpUrl, dice: dice.fork(), tally });
    const ids = Array.from({ length: conversations }, (_, index) => `storm-${index}`);
    for (const conversationId of ids) company.authors.push(new Author({ conversationId, ...common() }));
    for (let index = 0; index < readers; index++) {
      const proxy = await company.#openProxy(world);
      const conversationIds = ids.filter((_, at) => at === index % ids.length || dice.chance(0.2));
      const [isV1, isPatient] = [index % 3 !== 2, dice.chance(0.4)];
      const name = `reader ${index} (${isV1 ? "v1" : "base"}${isPatient ? ", patient" : ""})`;
      const url = (): string => proxy.url;
      const spoiled = index === 0 ? spoil : undefined;
      const reader = new Reader({ name, conversationIds, isV1, isPatient, url, spoil: spoiled, ...common() });
      company.readers.push(reader);
      company.exposed.push({ proxy, visitor: reader.visitor, story: reader.story, reader });
    }
    for (let index = 0; index < posters; index++) {
      const proxy = await company.#openProxy(world);
      const poster = new Poster({
        ...{ name: `poster-${index}`, conversationId: "notes", url: () => proxy.url },
        ...common(),
      });
      company.posters.push(poster);
      company.exposed.push({ proxy, visitor: poster.visitor, story: poster.story });
    }
    return company;
  }

  start(): void {
    for (const author of this.authors) author.start();
    for (const { visitor } of this.readers) visitor.start();
    for (const poster of this.posters) poster.start();
  }

  async disperse(): Promise<void> {
    for (const reader of this.readers) reader.end();
    for (const poster of this.posters) poster.leave();
    for (const proxy of this.#proxies) await proxy.close();
  }

  async #openProxy(world: World): Promise<ThrottlingProxy> {
    const proxy = await ThrottlingProxy.open(world.wsUrl);
    this.#proxies.push(proxy);
    return proxy;
  }
}

export async function playStorm(options: StormOptions): Promise<StormReport> {
  const { seed, least = {}, isSmall = false, everyMs = 2_500, killEveryMs, restartEveryMs, drainMs = 1_000 } = options;
  const { downsMost = Number.POSITIVE_INFINITY } = options;
  const dice = new Dice(seed);
  const tally = new Tally();
  const how = restartEveryMs === undefined ? "kill" : "stop";
  const world = await World.open({ isSmall, flags: ["--drain-ms", String(drainMs)] });
  const company = await Company.gather(world, dice, tally, options);
  const { readers, posters, authors, exposed } = company;
  const faults: string[] = [];
  try {
    const weather = new Weather(exposed, dice.fork(), tally);
    company.start();
    weather.start(everyMs);
    const isEnough = (): boolean => Object.entries(least).every(([what, count]) => tally.of(what) >= count);
    let downs = 0;
    await raining(options.forMs, isEnough, tally, restartEveryMs ?? killEveryMs, readers, async () => {
      if (++downs > downsMost) return;
      for (const { story } of exposed) story.note(`the server goes down: ${how}`);
      tally.add(how === "kill" ? "kills of the server" : "planned restarts of the server");
      await world.restart(how);
    });
    weather.end();
    await within(Promise.all(authors.map((author) => author.end())), "the last turns", settleMs);
    for (const poster of posters) {
      await poster.end(settleMs);
      for (const fault of await poster.faults()) faults.push(`${poster.options.name}: ${fault}\n${poster.story}`);
    }
    const truths = await truthsOf(authors, tally);
    await settle(readers, truths, settleMs);
    for (const reader of readers)
      for (const fault of faultsOf(reader, truths, tally))
        faults.push(`${reader.options.name}: ${fault}\n${reader.story}`);
  } finally {
    await company.disperse();
    await world.close();
  }
  faults.push(...world.defects.map((line) => `the server logged a defect: ${line}`));
  return { seed, tally, faults };
}

/**
 * Runs until the time is over and the counts are reached, or until a reader has failed. Calls `goesDown` every
 * `everyMs`.
 */
async function raining(
  forMs: number,
  isEnough: () => boolean,
  tally: Tally,
  everyMs: number | undefined,
  readers: readonly Reader[],
  goesDown: () => Promise<void>,
): Promise<void> {
  const until = performance.now() + forMs;
  const deadline = until + settleMs;
  const isOver = (): boolean =>
    (performance.now() >= until && isEnough()) || readers.some(({ visitor }) => visitor.failure !== undefined);
  while (!isOver()) {
    const next = performance.now() + (everyMs ?? Number.POSITIVE_INFINITY);
    const leftMs = deadline - performance.now();
    await eventually(
      () => performance.now() >= next || isOver(),
      () => `enough to come up:\n${tally}`,
      leftMs,
    );
    if (!isOver()) await goesDown();
  }
}
