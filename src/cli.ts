#!/usr/bin/env node
// The command `turnwire`. On a Node that is too old it prints which version is needed and loads nothing else.

await import("./version.ts").then(
  () => import("./server/main.ts"),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  },
);
