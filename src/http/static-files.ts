// Serves the page's files and nothing else: only plain names with a known ending, only from the page's directory. What
// a file may load or call is bounded by a strict Content-Security-Policy.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { HttpApp, HttpContext } from "./context.ts";

const contentTypes: ReadonlyMap<string, string> = new Map([
  ["html", "text/html; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["svg", "image/svg+xml"],
]);

const contentSecurityPolicy = [
  "default-src 'self'",
  // Images that people attach travel as data: URLs.
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A picture opened by itself brings its own style, and nothing that runs. */
const picturePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** Each part of the path begins with a letter, digit, - or _: no `..`, no hidden file, no empty part, no encoding. */
const pagePath = /^\/((?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.(js|css|svg)|index\.(html))$/;

export function routePage(app: HttpApp, { directory }: { directory: string }): void {
  app.get("*", async (c, next) => {
    const path = c.req.path === "/" ? "/index.html" : c.req.path;
    return (await sendPageFile(c, directory, path)) ?? (await next());
  });
}

/** The file as an answer; undefined when there is none of that name, or it is no page's file. */
export async function sendPageFile(c: HttpContext, directory: string, path: string): Promise<Response | undefined> {
  const [, name, ending, pageEnding] = pagePath.exec(path) ?? [];
  const content = name === undefined ? undefined : await contentOf(join(directory, name));
  if (content === undefined) return undefined;
  // Asked for again each time, so that a new server never runs with an old page, and sent only when it has changed.
  const entityTag = `"${createHash("sha256").update(content).digest("base64url")}"`;
  c.header("Cache-Control", "no-cache");
  c.header("ETag", entityTag);
  c.header("Content-Security-Policy", ending === "svg" ? picturePolicy : contentSecurityPolicy);
  c.header("Referrer-Policy", "no-referrer");
  if (c.req.header("if-none-match") === entityTag) return c.body(null, 304);
  const contentType = contentTypes.get(ending ?? pageEnding ?? "");
  return c.body(content, 200, { "Content-Type": contentType ?? "application/octet-stream" });
}

async function contentOf(file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
    if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
