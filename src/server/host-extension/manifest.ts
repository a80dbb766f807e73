// What the extension tells its host's kernel about itself, before it is activated. A kernel may refuse a manifest that
// lacks any of this.
import { packageVersion } from "../../version.ts";

export interface Manifest {
  id: string;
  name: string;
  /** That of the package. */
  version: string;
  /** The kernel interfaces that it works with, as a semver range. */
  apiVersion: string;
  trust: "bundled";
  /** The extensions that must be active before it. */
  dependsOn: string[];
  capabilities: { network: boolean };
  contributes: { routes: string[] };
  activation: "eager";
}

export const createManifest = (): Manifest => ({
  id: "transport-ws",
  name: "WebSocket transport",
  version: packageVersion(),
  apiVersion: "^0.1.0",
  trust: "bundled",
  dependsOn: ["surface-registry", "session-orchestrator"],
  capabilities: { network: true },
  contributes: { routes: ["/ws/surfaces"] },
  activation: "eager",
});
