// The package's front door for those who run the server from their own code, or put their own parts behind its ports.
// For an agent host there is `turnwire/host`.
import "./version.ts";

export type { GatewayCounts } from "./diagnostics/counts.ts";
export type { ActorChange, InspectionFilter, InspectionObserver } from "./diagnostics/inspection.ts";
export { Gateway, type GatewayOptions, type GatewayPorts, type PortsHost } from "./gateway/gateway.ts";
export { type Limits, limits } from "./limits.ts";
export type { Agent, AgentEvent, AgentMessage, AgentResult, AgentRun, Tool, ToolContext } from "./ports/agent.ts";
export type { Authorisation, AuthorisationQuestion, Identity, Scope } from "./ports/authorisation.ts";
export type { Broadcasts } from "./ports/broadcasts.ts";
export type { Conversations } from "./ports/conversations.ts";
export { type Logger, silentLogger } from "./ports/logger.ts";
export type { Orchestrator, StartOutcome, TurnRequest } from "./ports/orchestrator.ts";
export { type Store, StoreError, StoreOpenError, type Write } from "./ports/store.ts";
export type { SurfaceProvider, SurfaceRegistry } from "./ports/surfaces.ts";
export type { TurnEvent } from "./protocol/turn-event.ts";
export { type Clock, systemClock } from "./runtime/clock.ts";
export { ListenError } from "./runtime/listen.ts";
export { type Config, ConfigError, readConfig } from "./server/config.ts";
export { type RunningServer, type ServerOptions, startServer } from "./server/server.ts";
export { createSurfaceRegistry } from "./surfaces/surface-registry.ts";
