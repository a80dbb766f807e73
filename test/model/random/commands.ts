// The commands of a random history, which fast-check picks, shrinks and prints. A command posts and awaits nothing,
// except those that let time pass. So requests, agents and surfaces meet in every order.
import fc from "fast-check";
import * as backstage from "./commands/backstage.ts";
import * as clients from "./commands/clients.ts";
import * as returning from "./commands/returning.ts";

/** All commands, the common ones with a higher weight. */
export const commands = fc.oneof(
  { weight: 10, arbitrary: clients.watching },
  { weight: 10, arbitrary: clients.sending },
  { weight: 8, arbitrary: clients.withdrawing },
  { weight: 3, arbitrary: clients.cancelling },
  { weight: 6, arbitrary: clients.looking },
  { weight: 1, arbitrary: clients.refusedLook },
  { weight: 2, arbitrary: clients.malformed },
  { weight: 1, arbitrary: clients.pinging },
  { weight: 7, arbitrary: clients.stalling },
  { weight: 3, arbitrary: clients.coming },
  { weight: 5, arbitrary: returning.resuming },
  { weight: 4, arbitrary: returning.cutting },
  { weight: 6, arbitrary: returning.repeating },
  { weight: 2, arbitrary: returning.forgetting },
  { weight: 16, arbitrary: backstage.saying },
  { weight: 3, arbitrary: backstage.tools },
  { weight: 3, arbitrary: backstage.steering },
  { weight: 7, arbitrary: backstage.ending },
  { weight: 4, arbitrary: backstage.sealing },
  { weight: 1, arbitrary: backstage.closing },
  { weight: 2, arbitrary: backstage.hesitating },
  { weight: 2, arbitrary: backstage.opening },
  { weight: 3, arbitrary: backstage.broadcast },
  { weight: 6, arbitrary: backstage.changing },
  { weight: 3, arbitrary: backstage.providing },
  { weight: 4, arbitrary: backstage.answering },
  { weight: 14, arbitrary: backstage.loop },
  { weight: 1, arbitrary: backstage.pause },
  { weight: 6, arbitrary: backstage.barrier },
  { weight: 2, arbitrary: backstage.rest },
);
