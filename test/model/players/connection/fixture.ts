// What one path of the connection model is played in: a steered peer, and beside it a bystander on the same
// conversation that must get everything at once, whatever the first one does.
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
  /** How the gateway's stop goes on, once it was asked for. */
  closed: Promise<void> | undefined;
  /** With which code the bystander was closed too, when it was. */
  bystanderCode: number | undefined;
  /** Whose turn it is that runs, when it is the bystander's. */
  asker: "bystander" | undefined;
  /** How often the orchestrator ought to have been asked to stop a turn: only ever by a cancel. */
  cancels: number;
  /** How many chat.error the peer ought to have got. */
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

/** The running turn says something, and the bystander is told at once. */
export async function bystanderHears({ stage, bystander }: Fixture): Promise<void> {
  const words = stage.speak();
  await bystander.nextEvent(conversationId, { type: "text-delta", delta: words });
}

export async function turnBegins({ stage, bystander }: Fixture): Promise<void> {
  stage.beginTurn();
  await bystander.nextEvent(conversationId, "turn-start");
}

/** The turn ends by what is done, and the bystander is told at once. */
export async function turnEnds(fixture: Fixture, end: () => void): Promise<void> {
  end();
  await fixture.bystander.nextEvent(conversationId, "turn-sealed");
  await rest();
  assert.not.ok(fixture.stage.isRunning);
  fixture.asker = undefined;
}
