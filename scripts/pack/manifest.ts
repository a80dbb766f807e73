// package.json as it is published: its doors lead into dist/, because Node strips no types below node_modules. Never
// touches the file; it only says what should be in it.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** What only serves those who work on turnwire itself. */
const ours = new Set(["scripts", "devDependencies", "allowScripts", "c8"]);

/** @throws Error when a door leads to something that is not built. */
export function packedManifest(manifest: JsonObject): JsonObject {
  const packed: JsonObject = {};
  for (const [name, value] of Object.entries(manifest)) {
    if (ours.has(name)) continue;
    if (name === "bin") packed[name] = doorsOf(value, builtScript);
    else if (name === "exports") packed[name] = doorsOf(value, builtModule);
    else packed[name] = value;
  }
  return packed;
}

function doorsOf(doors: Json, build: (path: string) => Json): JsonObject {
  if (typeof doors !== "object" || doors === null || Array.isArray(doors)) {
    throw new Error("package.json: bin and exports must be objects of paths");
  }
  const built: JsonObject = {};
  for (const [name, path] of Object.entries(doors)) {
    if (typeof path !== "string") throw new Error(`package.json: "${name}" must lead to one path`);
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
  throw new Error("package.json holds no object");
}
