// The fixture for one path of the connection model: a steered peer, and a bystander on the same conversation. The
// bystander must get everything at once, whatever the peer does.
import * as assert from "uvu/assert";
import type { Client } from "../../../support/client.ts";
import { ScriptedSurface } from "../../../support/scripted-surfaces.ts";
import type { Coverage } from "../../coverage.ts";
import { rest } from "../soon.ts";
import { conversationId, onStage, type Socket, type Stage } from "../stage.ts";

export interface Fixture {
  stage: Stage;
  socket: Socket;
  bystander: Client;
  surface: ScriptedSurface;
  /** Resolves when the gateway has closed its sockets; undefined until the path requests that. */
  closed: Promise<void> | undefined;
  /** The close code of the bystander, if the path closes it too. */
  bystanderCode: number | undefined;
  /** Set while a turn runs that the bystander requested. */
  asker: "bystander" | undefined;
  /** How often the gateway should have asked the orchestrator to stop a turn. Only a cancel may cause that. */
  cancels: number;
  /** How many chat.error the peer should have received. */
  refusals: number;
}

export const surfaceId = "s";

export function inFixture(coverage: Coverage, run: (fixture: Fixture) => Promise<void>): Promise<void> {
  const surface = new ScriptedSurface(surfaceId);
  return onStage(coverage, [surface], async (stage) => {
    const bystander = await stage.join();
    bystander.send({ type: "chat.subscribe", conversationId });
    await bystander.barrier();
    const socket = await stage.connect();
    const none = { closed: undefined, bystanderCode: undefined, asker: undefined, cancels: 0, refusals: 0 };
    await run({ stage, socket, bystander, surface, ...none });
  });
}

/** The running turn says something, and the bystander receives it at once. */
export async function bystanderHears({ stage, bystander }: Fixture): Promise<void> {
  const words = stage.speak();
  await bystander.nextEvent(conversationId, { type: "text-delta", delta: words });
}

export async function turnBegins({ stage, bystander }: Fixture): Promise<void> {
  stage.beginTurn();
  await bystander.nextEvent(conversationId, "turn-start");
}

/** `end` ends the turn, and the bystander receives that at once. */
export async function turnEnds(fixture: Fixture, end: () => void): Promise<void> {
  end();
  await fixture.bystander.nextEvent(conversationId, "turn-sealed");
  await rest();
  assert.not.ok(fixture.stage.isRunning);
  fixture.asker = undefined;
}
