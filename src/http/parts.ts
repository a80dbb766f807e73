// What the routes of the HTTP API stand on. Only ports: the same routes serve the process and any host.
import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import type { Access } from "../access.ts";
import type { Clock } from "../clock.ts";
import type { Visualizer } from "../inspection/visualizer.ts";
import type { Limits } from "../limits.ts";
import type { Conversations } from "../ports/conversations.ts";
import type { Logger } from "../ports/logger.ts";
import type { Orchestrator } from "../ports/orchestrator.ts";

export interface Health {
  /** Is the process worth keeping? */
  alive(): boolean;
  /** Does it take new turns? False while it drains. */
  ready(): boolean;
}

export interface HttpParts {
  orchestrator: Orchestrator;
  conversations: Conversations;
  access: Access;
  clock: Clock;
  logger: Logger;
  limits: Limits;
  health: Health;
  /** Prometheus text. */
  metrics?: (() => Promise<string>) | undefined;
  /** Where the page's files lie. */
  page?: { directory: string } | undefined;
  /** The live visualizer, when it was asked for. */
  visualizer?: Visualizer | undefined;
  /** Which turn events the event profile lets through; all when left out. */
  eventFilter?: ((event: { readonly type: string }) => boolean) | undefined;
}

export interface HttpEnvironment {
  Bindings: HttpBindings;
  Variables: {
    /** Of routes below /conversations/:id, decoded and usable. */
    conversationId: string;
  };
}

export type HttpApp = Hono<HttpEnvironment>;
export type HttpContext = Context<HttpEnvironment>;
