// An invalid configuration: one sentence for the operator. It must never contain a secret.
export class ConfigError extends Error {
  override name = "ConfigError";
}
