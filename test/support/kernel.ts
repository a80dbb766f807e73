// A small kernel of an agent host, as strict about manifests as the one whose extension turnwire is: it refuses a
// manifest that lacks a field, starts nothing then, and activates an eager extension after those that it depends on.
import type { Extension } from "../../src/server/host-extension.ts";
import type { FakeHost } from "./host.ts";

/** The interface version of this kernel. */
const apiVersion = "0.1.3";

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

/** What the kernel reads of a manifest, each with its rule. */
const rules: Record<string, (value: unknown) => boolean> = {
  id: isText,
  name: isText,
  version: (value) => /^\d+\.\d+\.\d+/.test(String(value)),
  // Below 1.0 a caret keeps the minor version.
  apiVersion: (value) => typeof value === "string" && value.startsWith("^0.1.") && apiVersion.startsWith("0.1."),
  trust: (value) => value === "bundled",
  dependsOn: isTexts,
  capabilities: (value) => field(value, "network") === true,
  contributes: (value) => isTexts(field(value, "routes")),
  activation: (value) => value === "eager",
};

export const manifestFields = Object.keys(rules);

export class Kernel {
  readonly #host: FakeHost;
  /** The ids of what is active, in the order of activation. */
  readonly active: string[];

  /** @param present the ids of the extensions that are active before. */
  constructor(host: FakeHost, present: string[]) {
    this.#host = host;
    this.active = [...present];
  }

  /** @throws Error that names what the manifest lacks. */
  async load(extension: Pick<Extension, "manifest" | "activate">): Promise<void> {
    const { manifest } = extension;
    for (const [name, isRight] of Object.entries(rules))
      if (!isRight(field(manifest, name))) throw new Error(`manifest of ${manifest.id}: ${name} is missing or wrong`);
    const missing = manifest.dependsOn.find((id) => !this.active.includes(id));
    if (missing !== undefined) throw new Error(`${manifest.id} depends on ${missing}, which is not active`);
    await extension.activate(this.#host);
    this.active.push(manifest.id);
  }
}
