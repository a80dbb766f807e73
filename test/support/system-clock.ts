// The system's clock as the suites use it, within the limits in force.
import { createSystemClock } from "../../src/runtime/clock.ts";
import { limits } from "./limits.ts";

export const systemClock = createSystemClock(limits);
