// The dependencies of the HTTP routes. They are ports only, so the same routes serve the process and any host.
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
import type { FairJobQueue } from "../runtime/fair-job-queue.ts";
import type { OpenStreams } from "./open-streams.ts";

export interface Health {
  /** False when the process should be restarted. */
  alive(): boolean;
  /** True while its actors fail too often. */
  degraded(): boolean;
  /** False while the server drains and takes no new turns. */
  ready(): boolean;
}

export interface HttpParts {
  orchestrator: Orchestrator;
  conversations: Conversations;
  access: RequestGuard;
  authoriser: Authoriser;
  quota: TurnQuota;
  /** The rate limits, per token and address. */
  rates: AccountRates;
  /** The long-running responses, which end with their token. */
  streams: OpenStreams;
  /** Where bodies of more than limits.messageBytesMax wait to be parsed. */
  longMessages: FairJobQueue;
  clock: Clock;
  logger: Logger;
  limits: Limits;
  parser: MessageParser;
  health: Health;
  /** Prometheus text. */
  metrics?: (() => Promise<string>) | undefined;
  /** The directory of the page's files. */
  page?: { directory: string } | undefined;
  /** For /why. */
  why?: WhyParts | undefined;
  /** The live visualizer, with --inspect. */
  visualizer?: Visualizer | undefined;
  /** The event profile: which turn events are sent. */
  eventFilter: (event: { readonly type: string }) => boolean;
}

export interface HttpEnvironment {
  Bindings: HttpBindings;
  Variables: {
    /** The caller, on every route that needs a token. */
    identity: Identity;
    /** Is its token still valid? Check again after an await. */
    isStillGood: () => boolean;
    /** On routes below /conversations/:id: decoded and validated. */
    conversationId: string;
  };
}

export type HttpApp = Hono<HttpEnvironment>;
export type HttpContext = Context<HttpEnvironment>;
