// A real server for tests of the page: the `serve` command in its own process. It can be killed and restarted at the
// same address.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { within } from "./deadline.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface PageServer {
  /** Ends with a slash. */
  readonly url: string;
  /** The link that it prints for the person who started it. */
  readonly link: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface PageServerOptions {
  /** 0: any free port. */
  httpPort?: number;
  dataDir?: string;
  environment?: Record<string, string>;
  /** It makes a token for itself, which is in its link. Default: no. */
  makesToken?: boolean;
}

export async function startPageServer(options: PageServerOptions = {}): Promise<PageServer> {
  const { httpPort = 0, dataDir = ":memory:", environment = {}, makesToken = false } = options;
  const ports = ["--port", "0", "--http-port", String(httpPort)];
  const access = environment["TURNWIRE_TOKEN"] === undefined && !makesToken ? ["--no-token"] : [];
  const child = spawn(process.execPath, ["src/cli.ts", "serve", ...access, ...ports, "--data-dir", dataDir], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const closed = once(child, "close");
  const ended = closed.then(() => Promise.reject(new Error(`the server ended before it was ready: ${errors}`)));
  // After the ready line nothing awaits this promise, so its rejection must not be reported as unhandled.
  ended.catch(() => {});
  const { url, link } = await within(
    Promise.race([addresses(child), ended]),
    () => `the ready line; stderr: ${errors}`,
  );
  return {
    url: `${url}/`,
    link,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      await within(closed, `the server's end after ${signal}`, 20_000);
    },
  };
}

function addresses(child: ChildProcess): Promise<{ url: string; link: string }> {
  return new Promise((resolve) => {
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [, url, link] = /^turnwire ready \S+ (\S+)\nOpen (\S+) in a browser\.\n/m.exec(output) ?? [];
      if (url !== undefined && link !== undefined) resolve({ url, link });
    });
  });
}
