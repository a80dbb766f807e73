// The pool of embedded servers for the paths. A server plays one path at a time, because a full disk or a refusal
// affects the whole server. Later paths reuse it. The pool must never hand out a server in which anything of a path is
// left.
import * as assert from "uvu/assert";
import { fixtureLimits, type ModelServer, openServer, Puppets, type ServerOptions } from "../fixtures.ts";
import { soon } from "./soon.ts";

/** What a path leaves behind: a server that is down, or one that can be reused. */
export type Left = "down" | { server: ModelServer; conversationId: string; defects: number };

export class Servers {
  readonly #options: { heedAbort: boolean; attach: ServerOptions["attach"] };
  readonly #spare: { server: ModelServer; puppets: Puppets }[] = [];
  readonly #open = new Set<ModelServer>();

  constructor(options: { heedAbort: boolean; attach: ServerOptions["attach"] }) {
    this.#options = options;
  }

  /** Runs with a server of its own. If `run` rejects, the state of that server is unknown, and it is not reused. */
  async lend(run: (server: ModelServer, puppets: Puppets) => Promise<Left>): Promise<void> {
    const { server, puppets } = this.#spare.pop() ?? (await this.#add());
    const left = await run(server, puppets);
    if (left === "down") {
      this.#open.delete(server);
      return;
    }
    if (left.server !== server) this.#open.delete(server);
    this.#open.add(left.server);
    await tidy(left, puppets);
    this.#spare.push({ server: left.server, puppets });
  }

  async end(): Promise<void> {
    await Promise.all([...this.#open].map((server) => server.end()));
  }

  async #add(): Promise<{ server: ModelServer; puppets: Puppets }> {
    const { heedAbort, attach } = this.#options;
    const puppets = new Puppets({ heedAbort });
    const server = await openServer({ puppets, attach });
    this.#open.add(server);
    return { server, puppets };
  }
}

/** Ends what the path has left running, and asserts that nothing of it remains. */
async function tidy({ server, conversationId, defects }: Exclude<Left, "down">, puppets: Puppets): Promise<void> {
  const { clock, store, embedded, gateway } = server;
  store.fails = undefined;
  embedded.setRefusing(undefined);
  embedded.orchestrator.closeConversation(conversationId);
  for (const puppet of puppets.all.splice(0)) puppet.finish();
  server.killClients();
  const isOver = (): boolean => {
    for (const delayMs of [fixtureLimits.agentStopMs, fixtureLimits.sealRetryMs]) clock.elapse(delayMs);
    return gateway.actors.count("conversation") + gateway.connections.size === 0;
  };
  await soon(isOver, "everybody to be gone");
  onlyProvoked(server, defects);
}

/** Asserts that only the provoked defects were logged as errors, and clears the log. */
export function onlyProvoked(server: ModelServer, defects: number): void {
  const errors = server.lines.splice(0).filter(({ level }) => level === "error");
  const expected = Array.from({ length: defects }, () => "orchestrator: a conversation's actor failed");
  assert.equal(
    errors.map(({ message }) => message),
    expected,
    "exactly the provoked defects are logged as errors",
  );
}
