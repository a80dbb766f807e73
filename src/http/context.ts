// What the routes of the HTTP API stand on. Only ports: the same routes serve the process and any host.
import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import type { Authoriser } from "../access/authoriser.ts";
import type { AccountRates } from "../access/rate-limiter.ts";
import type { RequestGuard } from "../access/request-guard.ts";
import type { TurnQuota } from "../access/turn-quota.ts";
import type { Visualizer } from "../diagnostics/inspection/visualizer.ts";
import type { WhyParts } from "../diagnostics/why.ts";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Conversations } from "../ports/conversations.ts";
import type { Logger } from "../ports/logger.ts";
import type { Orchestrator } from "../ports/orchestrator.ts";
import type { MessageParser } from "../protocol/parse.ts";
import type { Clock } from "../runtime/clock.ts";
import type { OpenStreams } from "./open-streams.ts";

export interface Health {
  /** Is the process worth keeping? */
  alive(): boolean;
  /** Does it take new turns? False while it drains. */
  ready(): boolean;
}

export interface HttpParts {
  orchestrator: Orchestrator;
  conversations: Conversations;
  access: RequestGuard;
  authoriser: Authoriser;
  quota: TurnQuota;
  /** How fast each token at each address may ask. */
  rates: AccountRates;
  /** Where answers that go on for long are noted, to be ended with their token. */
  streams: OpenStreams;
  clock: Clock;
  logger: Logger;
  limits: Limits;
  parser: MessageParser;
  health: Health;
  /** Prometheus text. */
  metrics?: (() => Promise<string>) | undefined;
  /** Where the page's files lie. */
  page?: { directory: string } | undefined;
  /** What the reasons are found in. */
  why?: WhyParts | undefined;
  /** The live visualizer, when it was asked for. */
  visualizer?: Visualizer | undefined;
  /** Which turn events the event profile lets through; all when left out. */
  eventFilter?: ((event: { readonly type: string }) => boolean) | undefined;
}

export interface HttpEnvironment {
  Bindings: HttpBindings;
  Variables: {
    /** Who asks, on every route but those that are open to all. */
    identity: Identity;
    /** Is its token still good? Asked again after what takes time. */
    isStillGood: () => boolean;
    /** Of routes below /conversations/:id, decoded and usable. */
    conversationId: string;
  };
}

export type HttpApp = Hono<HttpEnvironment>;
export type HttpContext = Context<HttpEnvironment>;
