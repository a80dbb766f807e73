#!/usr/bin/env node
// The command `turnwire`. On an older Node it says which one is needed, and loads nothing else.

await import("./version.ts").then(
  () => import("./server/main.ts"),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  },
);
