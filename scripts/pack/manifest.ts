// Computes the published package.json: its bin and exports point into dist/, because Node does not strip types below
// node_modules. Must never touch a file.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** Fields that only matter for developing turnwire itself. */
const developmentFields = new Set(["scripts", "devDependencies", "allowScripts", "c8"]);

/** @throws Error when bin or exports name a file that is not built */
export function packedManifest(manifest: JsonObject): JsonObject {
  const packed: JsonObject = {};
  for (const [name, value] of Object.entries(manifest)) {
    if (developmentFields.has(name)) continue;
    if (name === "bin") packed[name] = entryPointsOf(value, builtScript);
    else if (name === "exports") packed[name] = entryPointsOf(value, builtModule);
    else packed[name] = value;
  }
  return packed;
}

function entryPointsOf(entries: Json, build: (path: string) => Json): JsonObject {
  if (typeof entries !== "object" || entries === null || Array.isArray(entries)) {
    throw new Error("package.json: bin and exports must be objects of paths");
  }
  const built: JsonObject = {};
  for (const [name, path] of Object.entries(entries)) {
    if (typeof path !== "string") throw new Error(`package.json: "${name}" must be a single path`);
    built[name] = path === "./package.json" ? path : build(path);
  }
  return built;
}

function builtScript(path: string): string {
  const source = /^\.\/((?:src|machines)\/.+)\.ts$/.exec(path)?.[1];
  if (source === undefined) throw new Error(`package.json: "${path}" is not built: only src/ and machines/ are`);
  return `./dist/${source}.js`;
}

function builtModule(path: string): JsonObject {
  const script = builtScript(path);
  return { types: script.replace(/\.js$/, ".d.ts"), default: script };
}

export function parseManifest(text: string): JsonObject {
  const parsed: Json = JSON.parse(text);
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new Error("package.json is not an object");
}
