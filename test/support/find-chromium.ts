// Where the tests' browser is.
import { existsSync } from "node:fs";

const usualPlaces = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a Chromium is installed; undefined when there is none. With CHROMIUM set only that place counts. */
export function findChromium(): string | undefined {
  const named = process.env["CHROMIUM"];
  return (named === undefined ? usualPlaces : [named]).find((path) => existsSync(path));
}
