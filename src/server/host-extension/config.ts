// The settings that a host may give to the extension (docs/reference/configuration.md).
import * as v from "valibot";
import { isLoopback, parseOrigin } from "../../access/hosts.ts";
import type { Host } from "./host.ts";

const origin = v.pipe(
  v.string(),
  v.check((text) => parseOrigin(text) !== undefined, "it must be an origin like https://host:port"),
);
const configSchema = v.object({
  surfaceWsPort: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)), 24_205),
  surfaceWsHost: v.optional(v.pipe(v.string(), v.nonEmpty()), "127.0.0.1"),
  surfaceWsAllowedOrigins: v.optional(v.array(origin), []),
  surfaceWsToken: v.optional(v.pipe(v.string(), v.nonEmpty())),
});
type HostConfig = v.InferOutput<typeof configSchema>;

/** @throws Error that names the setting. */
export function readHostConfig(host: Host): HostConfig {
  const given: Record<string, unknown> = {};
  for (const key of Object.keys(configSchema.entries)) given[key] = host.config?.get(key) ?? undefined;
  const result = v.safeParse(configSchema, given, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw new Error(`transport-ws: setting ${v.getDotPath(issue)} is not usable: ${issue.message}`);
  }
  const { surfaceWsHost, surfaceWsToken } = result.output;
  if (!isLoopback(surfaceWsHost) && surfaceWsToken === undefined)
    throw new Error(
      `transport-ws: surfaceWsHost ${surfaceWsHost} can be reached from other machines: ` +
        "set surfaceWsToken, or use 127.0.0.1",
    );
  return result.output;
}
