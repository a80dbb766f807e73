// A model whose endpoint is as strict as any: it refuses what the strictest chat template does not take, and notes it.
// Its answers are as different as answers get: tools with odd names and arguments, reasoning, nothing, cut and broken.
import type { Dice } from "../support/dice.ts";
import { answer, type ChatRequest, callTools, ending, type Reply, refuse } from "../support/openai-endpoint.ts";
import { complaintsAbout } from "../support/strict-endpoint.ts";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

export class StrictModel {
  readonly #dice: Dice;
  /** What it had to refuse. */
  readonly complaints: string[] = [];
  requests = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  readonly reply = (request: ChatRequest): Reply => {
    this.requests++;
    const complaints = complaintsAbout(request);
    if (complaints.length === 0) return this.#answer(request);
    const roles = request.messages.map(({ role }) => role).join(" ");
    this.complaints.push(`${complaints.join("; ")} (${roles})`);
    return refuse(400, { message: complaints.join("; ") });
  };

  #answer({ tools, messages }: ChatRequest): Reply {
    const dice = this.#dice;
    // Not for ever: a turn has at most 25 steps.
    const mayCall = tools !== undefined && messages.at(-1)?.role !== "tool";
    const chance = dice.next();
    if (mayCall && chance < 0.35) return callTools(...Array.from({ length: dice.whole(1, 3) }, () => this.#call()));
    if (chance < 0.45) return { stream: [{ reasoning: "hm" }, { text: "so" }, ...ending("stop")] };
    if (chance < 0.5) return { stream: [{ text: "half" }, { cut: true }] };
    if (chance < 0.55) return { stream: [{ text: "half" }, { error: { message: "overloaded" } }] };
    if (chance < 0.6) return { stream: [{ text: "long" }, ...ending("length")] };
    if (chance < 0.65) return { stream: ending("stop") };
    if (chance < 0.7) return { stream: [{ text: " \n" }, ...ending("stop")] };
    if (chance < 0.74) return refuse(403, { message: "not today" });
    if (chance < 0.9)
      return { stream: [{ text: "slow " }, { delayMs: dice.whole(5, 60) }, { text: "one" }, ...ending("stop")] };
    return answer("an ", "answer");
  }

  #call() {
    const dice = this.#dice;
    const id = Array.from({ length: 9 }, () => dice.pick([...letters])).join("");
    const name = dice.pick(["calculator", "calculator", "clock", "make it so!", "näher"]);
    const given = dice.pick<unknown>([{ expression: "1 + 1" }, {}, "no JSON", "[1]", "null"]);
    return { name, arguments: given, id };
  }
}
