// The whole chaos run. Readers are behind a network that cuts, stalls and throttles connections at random, while turns
// run one after the other. At the end each reader's text is compared with what was generated.
import { eventually } from "../../support/deadline.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { ask } from "../../support/system-http.ts";
import { type Link, ThrottlingProxy } from "../../support/throttling-proxy.ts";
import { Author } from "./author.ts";
import { Reader } from "./reader.ts";
import { randomOf, Weather } from "./weather.ts";

const conversations = 4;
const readersOfEach = 7;
/** The shortest and the longest time between two faults. */
const leastMs = 10;
const mostMs = 60;
const endMs = 60_000;

export interface ChaosReport {
  seed: number;
  turns: number;
  events: number;
  connections: number;
  recovered: number;
  anew: number;
  misfortunes: Record<string, number>;
}

export interface ChaosOptions {
  seed: number;
  /** How long the network is bad. */
  forMs: number;
  /** The run continues until it has reached these counts, which takes longer on a busy machine. */
  least?: { turns: number; recovered: number };
}

/** @throws Error with the seed and the reader's story when a reader does not have exactly what was generated. */
export async function playChaos({ seed, forMs, least }: ChaosOptions): Promise<ChaosReport> {
  const random = randomOf(seed);
  const weather = new Weather(random);
  const server = await ServerProcess.start();
  let isStormy = true;
  const proxy = await ThrottlingProxy.open(server.wsUrl, (link) => {
    if (isStormy && weather.between(0, 3) === 0) link.throttle(weather.between(20_000, 400_000));
  });
  const readers: Reader[] = [];
  const authors: Author[] = [];
  try {
    for (let at = 0; at < conversations; at++) {
      const conversationId = `chaos ${at}`;
      authors.push(await Author.arrive(conversationId, server.wsUrl));
      for (let count = 0; count < readersOfEach; count++) {
        const kind = { isV1: count % 3 !== 2, isPatient: count % 2 === 0 };
        readers.push(new Reader({ conversationId, ...kind, url: proxy.url, httpUrl: server.httpUrl, random }));
      }
    }
    const until = performance.now() + forMs;
    const isOver = (): boolean => {
      const { turns, recovered } = reportOf(seed, authors, readers, weather);
      return performance.now() >= until && turns >= (least?.turns ?? 0) && recovered >= (least?.recovered ?? 0);
    };
    const storm = strikeUntil(isOver, weather, proxy, readers);
    await Promise.all(authors.map((author) => writeUntil(isOver, author, weather)));
    await storm;
    isStormy = false;
    for (const link of proxy.links) if (link.isOpen) link.free();
    await lastTurns(server, authors, readers, weather);
    for (const reader of readers) {
      await reader.finish();
      judge(reader, authors);
    }
    return reportOf(seed, authors, readers, weather);
  } catch (error) {
    throw new Error(`chaos with seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  } finally {
    await Promise.all(readers.map((reader) => reader.stop()));
    for (const author of authors) author.leave();
    await proxy.close();
    await server.stop();
  }
}

async function strikeUntil(
  isOver: () => boolean,
  weather: Weather,
  proxy: ThrottlingProxy,
  readers: Reader[],
): Promise<void> {
  while (!isOver()) {
    const open: Link[] = proxy.links.filter((link) => link.isOpen);
    weather.strike(open);
    for (const reader of readers) reader.checkSilence();
    await new Promise((resolve) => setTimeout(resolve, weather.between(leastMs, mostMs)));
  }
}

async function writeUntil(isOver: () => boolean, author: Author, weather: Weather): Promise<void> {
  while (!isOver()) await author.writeTurn(weather);
}

/** Runs without faults: waits until every reader is subscribed, and until each has received one more turn live. */
async function lastTurns(server: ServerProcess, authors: Author[], readers: Reader[], weather: Weather): Promise<void> {
  const failed = (): boolean => readers.some(({ failure }) => failure !== undefined);
  const areThere = (): boolean => {
    for (const reader of readers) reader.checkSilence();
    return readers.every((reader) => reader.isSubscribed) || failed();
  };
  await eventually(areThere, "all readers to be there again", endMs);
  const last = new Map<string, string>();
  for (const author of authors) last.set(author.conversationId, await author.writeTurn(weather));
  const has = (reader: Reader): boolean => reader.view.has(last.get(reader.conversationId) ?? "");
  try {
    await eventually(() => readers.every(has) || failed(), "every reader to get the last turn", endMs);
  } catch (error) {
    const reader = readers.find((one) => !has(one));
    if (!reader) throw error;
    const { text } = await ask(server, `/conversations/${encodeURIComponent(reader.conversationId)}/why`);
    throw new Error(`a reader did not get the last turn\n  ${reader.story.join("\n  ")}\n  ${text}`, { cause: error });
  }
}

/** @throws Error when the reader does not have exactly what was generated. */
function judge(reader: Reader, authors: Author[]): void {
  const tell = (what: string): never => {
    throw new Error(`${what} in ${reader.conversationId}\n  ${reader.story.join("\n  ")}`);
  };
  if (reader.failure) tell(reader.failure.message);
  const author = authors.find(({ conversationId }) => conversationId === reader.conversationId);
  for (const [turnId, text] of author?.texts ?? []) {
    const turn = reader.view.turns.get(turnId);
    if (!turn?.sealed) tell(`the turn ${turnId} is not whole`);
    if (turn?.text !== text)
      tell(`the turn ${turnId} has ${turn?.text.length} characters of ${text.length}, or others`);
  }
}

function reportOf(seed: number, authors: Author[], readers: Reader[], weather: Weather): ChaosReport {
  const sum = (of: (reader: Reader) => number): number => readers.reduce((total, reader) => total + of(reader), 0);
  return {
    seed,
    turns: authors.reduce((total, { texts }) => total + texts.size, 0),
    events: sum(({ view }) => view.events),
    connections: sum(({ counts }) => counts.connections),
    recovered: sum(({ counts }) => counts.recovered),
    anew: sum(({ counts }) => counts.anew),
    misfortunes: weather.counts,
  };
}
