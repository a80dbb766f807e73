// The package's main entry point: runs the server from your own code, with your own implementations of its ports. Every
// type that an export refers to is exported too. To embed turnwire in an agent host, import `turnwire/host`.
import "./version.ts";

export type { GatewayCounts } from "./diagnostics/counts.ts";
export type * from "./diagnostics/inspection/changes.ts";
export type { ModelParameters, ModelSettings } from "./embedded/agents/ai-sdk/settings.ts";
export { type AiSdkAgentOptions, createAiSdkAgent } from "./embedded/agents/ai-sdk.ts";
export { type Limits, limits } from "./limits.ts";
export type {
  Agent,
  AgentEvent,
  AgentMessage,
  AgentResult,
  AgentRun,
  ModelInfo,
  Tool,
  ToolContext,
} from "./ports/agent.ts";
export type { Authorisation, AuthorisationQuestion, Identity, Scope } from "./ports/authorisation.ts";
export type { KeyedRequest } from "./ports/idempotency.ts";
export { type LogFields, type Logger, silentLogger } from "./ports/logger.ts";
export type {
  EnqueueOutcome,
  Orchestrator,
  QueuedMessage,
  QueueRequest,
  Refused,
  StartOutcome,
  TurnListener,
  TurnRequest,
} from "./ports/orchestrator.ts";
export { StoreOpenError } from "./ports/store.ts";
export type { SurfaceContext, SurfaceProvider, SurfaceRegistry } from "./ports/surfaces.ts";
export type { Image, ReasoningEffort } from "./protocol/chat-send.ts";
export type { Chunk, Role } from "./protocol/chunk.ts";
export type { Action, CatalogEntry, Field, Spec } from "./protocol/surface.ts";
export type { DoneReason, TurnEvent, TurnEventBody, TurnEventHead, Usage } from "./protocol/turn-event.ts";
export { type Clock, createSystemClock, type Timer } from "./runtime/clock.ts";
export { ListenError } from "./runtime/listen.ts";
export type { TokenCommand } from "./server/commands/token.ts";
export type { WhyCommand } from "./server/commands/why.ts";
export {
  type Command,
  type Config,
  ConfigError,
  type Endpoint,
  type Environment,
  type InspectConfig,
  readConfig,
  serveConfig,
} from "./server/config.ts";
export { type ModelsFile, ModelsFileError, type ProviderSettings, readModelsFile } from "./server/models-file.ts";
export { type RunningServer, type ServerOptions, startServer } from "./server/server.ts";
export { createSurfaceRegistry } from "./surfaces/surface-registry.ts";
