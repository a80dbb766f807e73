// What is wrong with the configuration: one sentence for the person who started the process, never with a secret in it.
export class ConfigError extends Error {
  override name = "ConfigError";
}
