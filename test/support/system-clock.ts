// The system's clock for the suites, with the limits in force.
import { createSystemClock } from "../../src/runtime/clock.ts";
import { limits } from "./limits.ts";

export const systemClock = createSystemClock(limits);
