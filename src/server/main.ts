// The command `turnwire`: reads the configuration, runs the server until a signal, and reports errors in one sentence
// each. `serve` prints the ready line and two for people to standard output. Exit code 2 means that it never started.
import { ToolsFileError } from "../embedded/tools/load-tools.ts";
import { limits } from "../limits.ts";
import { StoreOpenError } from "../ports/store.ts";
import { createSystemClock } from "../runtime/clock.ts";
import { ListenError } from "../runtime/listen.ts";
import { runTokenCommand } from "./commands/token.ts";
import { runWhyCommand, WhyError } from "./commands/why.ts";
import { secretVariables } from "./config/secrets.ts";
import { type Config, ConfigError, type Environment, readConfig } from "./config.ts";
import { createLogger } from "./logger.ts";
import { ModelsFileError } from "./models-file.ts";
import { TokensFileError } from "./tokens-file.ts";
import { addressLine, modelsLine } from "./welcome.ts";

const couldNotStart = 2;

/** Shown by `ps` and `pgrep`. */
process.title = "turnwire";

async function serve(config: Config): Promise<void> {
  // Most of what is loaded, and no other command needs it.
  const { startServer } = await import("./server.ts");
  const logger = createLogger(config.logLevel);
  for (const warning of config.warnings) logger.warn(warning);
  const clock = createSystemClock(limits);
  const server = await startServer({ config: withoutKeys(config), logger, clock });
  const stop = (signal: NodeJS.Signals): void => {
    logger.info("stopping", { signal, drainMs: config.drainMs });
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error("the stop failed", { error });
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => void server.reload());
  if (server.inspectUrl !== undefined) logger.info(`inspect: open ${server.inspectUrl} to see the charts run`);
  // Whoever has read the ready line may be gone before the next one.
  process.stdout.on("error", () => {});
  process.stdout.write(`turnwire ready ${server.wsUrl} ${server.httpUrl}\n${addressLine(server)}\n`);
  process.stdout.write(`${await modelsLine(config, clock)}\n`);
}

/**
 * A copy of the environment, from which the secrets are then taken out, so that neither tools nor the processes that
 * they start find them there.
 */
function takeSecrets(): Environment {
  const environment = { ...process.env };
  for (const name of secretVariables) delete process.env[name];
  return environment;
}

/** The same, and whenever the models file is read, the variables of its keys are taken out of the environment. */
function withoutKeys(config: Config): Config {
  const { readModels } = config;
  if (!readModels) return config;
  return {
    ...config,
    readModels() {
      const file = readModels();
      for (const name of file.keyVariables) delete process.env[name];
      return file;
    },
  };
}

/** True for errors that explain themselves in one sentence; any other is a defect and is printed with its stack. */
const isExplained = (error: unknown): error is Error =>
  error instanceof ConfigError ||
  error instanceof ListenError ||
  error instanceof StoreOpenError ||
  error instanceof TokensFileError ||
  error instanceof WhyError ||
  error instanceof ModelsFileError ||
  error instanceof ToolsFileError;

try {
  const command = readConfig(process.argv.slice(2), takeSecrets());
  if (command.kind === "serve") await serve(command.config);
  else if (command.kind === "models") {
    const { runModelsCommand } = await import("./commands/models.ts");
    const isGood = await runModelsCommand(command.config, (line) => process.stdout.write(`${line}\n`));
    process.exitCode = isGood ? 0 : 1;
  } else if (command.kind === "why") process.stdout.write(`${await runWhyCommand(command.command)}\n`);
  else if (command.kind === "token") process.stdout.write(`${runTokenCommand(command.command)}\n`);
  else process.stdout.write(`${command.text}\n`);
} catch (error) {
  const text = isExplained(error) ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`turnwire: ${text}\n`);
  process.exitCode = couldNotStart;
}
