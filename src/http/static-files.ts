// Serves the page's files and nothing else: plain names with a known extension from the page's directory. A strict
// Content-Security-Policy limits what a file may load or call.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { HttpApp, HttpContext } from "./context.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

export const contentSecurityPolicy = [
  "default-src 'self'",
  // Attached images are data: URLs.
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** For an SVG opened by itself: it has inline styles and no scripts. */
const picturePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** Each segment begins with a letter, digit, - or _. That excludes `..`, hidden files, empty segments and encoding. */
const pagePath = /^\/(?:[\w-][\w.-]*\/)*(?:[\w-][\w.-]*\.(?:js|css|svg)|index\.html)$/;

export function routePage(app: HttpApp, { directory }: { directory: string }): void {
  app.get("*", async (c, next) => {
    const path = c.req.path === "/" ? "/index.html" : c.req.path;
    return (await sendPageFile(c, directory, path)) ?? (await next());
  });
}

/** Responds with the file. Undefined when there is none of that name or the path is no page file's. */
export async function sendPageFile(c: HttpContext, directory: string, path: string): Promise<Response | undefined> {
  const content = pagePath.test(path) ? await contentOf(join(directory, path)) : undefined;
  if (content === undefined) return undefined;
  // Browsers revalidate on each load, so a new server never gets an old page. Unchanged files are not sent again.
  const entityTag = `"${createHash("sha256").update(content).digest("base64url")}"`;
  c.header("Cache-Control", "no-cache");
  c.header("ETag", entityTag);
  c.header("Content-Security-Policy", path.endsWith(".svg") ? picturePolicy : contentSecurityPolicy);
  c.header("Referrer-Policy", "no-referrer");
  if (c.req.header("if-none-match") === entityTag) return c.body(null, 304);
  return c.body(content, 200, { "Content-Type": contentTypes[extname(path)] ?? "application/octet-stream" });
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
