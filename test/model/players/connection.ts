// Plays the connection model: what each state and event of it means is said in players/connection/.
import type { Coverage } from "../coverage.ts";
import type { Implementation } from "../play.ts";
import { ending } from "./connection/ending.ts";
import { type House, inHouse } from "./connection/house.ts";
import { states } from "./connection/states.ts";
import { talking } from "./connection/talking.ts";

export function connectionPlayer(coverage: Coverage): Implementation<House> {
  return { inHouse: (run) => inHouse(coverage, run), states, events: { ...talking, ...ending } };
}
