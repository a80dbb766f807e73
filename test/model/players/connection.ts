// Plays the connection model. players/connection/ defines what each of its states and events means.
import type { Coverage } from "../coverage.ts";
import type { Implementation } from "../play.ts";
import { ending } from "./connection/ending.ts";
import { type Fixture, inFixture } from "./connection/fixture.ts";
import { states } from "./connection/states.ts";
import { talking } from "./connection/talking.ts";

export function connectionPlayer(coverage: Coverage): Implementation<Fixture> {
  return { inFixture: (run) => inFixture(coverage, run), states, events: { ...talking, ...ending } };
}
