// Loads the tools of `serve --tools FILE`: a module whose default export, or export `tools`, is an array of Tool. Must
// never let a malformed tool through. Each error names the file, the tool, the field and the remedy.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import type { Tool } from "../../ports/agent.ts";
import { errorMessage } from "../../ports/guard.ts";

/** The message is for the person who started the server. */
export class ToolsFileError extends Error {
  override name = "ToolsFileError";
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const toolSchema = v.object({
  // The function names that model endpoints accept.
  name: v.pipe(v.string("must be a string"), v.regex(/^[a-zA-Z0-9_-]{1,64}$/, "must be 1–64 letters, digits, _ or -")),
  description: v.pipe(v.string("must be a string"), v.nonEmpty("must not be empty")),
  inputSchema: v.pipe(
    v.custom<Record<string, unknown>>(isObject, "must be a JSON Schema object"),
    v.check((schema) => schema["type"] === "object", 'must be a JSON Schema with type "object"'),
    v.check((schema) => isJson(schema), "must be plain JSON"),
  ),
  run: v.custom<Tool["run"]>((value) => typeof value === "function", "must be a function"),
});

const remedy = "A tool is { name, description, inputSchema, run(input, { signal, cwd, onOutput }) }.";

/** @throws ToolsFileError */
export async function loadTools(file: string): Promise<Tool[]> {
  const path = resolve(file);
  const fail = (what: string): never => {
    throw new ToolsFileError(`Tools file ${path}: ${what}`);
  };
  const module = await importModule(path);
  const exported = Array.isArray(module["default"]) ? module["default"] : module["tools"];
  if (!Array.isArray(exported)) {
    return fail("has no array of tools. Export one as default or as `tools`.");
  }
  const indexes = new Map<string, number>();
  return exported.map((tool: unknown, index) => {
    const checked = checkTool(tool);
    if (typeof checked === "string") return fail(`tool ${index}${nameOf(tool)}: ${checked}. ${remedy}`);
    const earlier = indexes.get(checked.name);
    if (earlier !== undefined) {
      return fail(`tool ${index}: field "name": "${checked.name}" is already the name of tool ${earlier}. Rename one.`);
    }
    indexes.set(checked.name, index);
    return checked;
  });
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    throw new ToolsFileError(
      `Tools file ${path} cannot be loaded: ${errorMessage(error)} Give the path of a JavaScript or TypeScript module.`,
      { cause: error },
    );
  }
}

/** The tool itself and not a copy, because its run() may need `this`; or what is wrong with it. */
function checkTool(value: unknown): Tool | string {
  if (v.is(toolSchema, value)) return value;
  const [issue] = v.safeParse(toolSchema, value).issues ?? [];
  const field = issue && v.getDotPath(issue);
  if (!field) return "is not an object";
  return `field "${field}" ${issue.input === undefined ? "is missing" : issue.message}`;
}

function nameOf(value: unknown): string {
  return isObject(value) && typeof value["name"] === "string" ? ` ("${value["name"]}")` : "";
}

function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
