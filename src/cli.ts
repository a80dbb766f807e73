#!/usr/bin/env node
// The command `turnwire`. Looks at the runtime before anything is loaded that an older one does not have: its answer to
// a missing module would be a stack.

const oldestMajor = 24;
const { node } = process.versions;

if (Number.parseInt(node, 10) >= oldestMajor) await import("./server/main.ts");
else {
  process.stderr.write(
    `turnwire: Node ${oldestMajor} or later is needed and this is ${node}: npm i -D node@${oldestMajor}\n`,
  );
  process.exitCode = 2;
}
