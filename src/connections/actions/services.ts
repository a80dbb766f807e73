// The ports and the gateway's parts that the actions of a connection use.
import type { Authoriser } from "../../access/authoriser.ts";
import type { TurnQuota } from "../../access/turn-quota.ts";
import type { Limits } from "../../limits.ts";
import type { GuardedOrchestrator } from "../../ports/guarded-orchestrator.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Feeds } from "../../streams/feeds.ts";
import type { Watches } from "../../streams/watches.ts";
import type { Surfaces } from "../../surfaces/surfaces.ts";
import type { Idempotency } from "../idempotency.ts";
import type { Subscriptions } from "../subscriptions.ts";

export interface Services {
  orchestrator: GuardedOrchestrator;
  quota: TurnQuota;
  authoriser: Authoriser;
  idempotency: Idempotency;
  feeds: Feeds;
  surfaces: Surfaces;
  watches: Watches;
  subscriptions: Subscriptions;
  limits: Limits;
  logger: Logger;
}
