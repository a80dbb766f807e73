// Tool calls of OpenAI-compatible endpoints outside the specification, and the call that each of them means.
import * as assert from "uvu/assert";
import { chunk, data, end, stream } from "../../support/raw-endpoint.ts";
import { aiSdkSuite } from "./ai-sdk-fixture.ts";
import { found, type Row, wanted } from "./answers-fixture.ts";

const sdk = aiSdkSuite("ai-sdk calls");

const calculator = (args: unknown, more: object = {}) => ({
  index: 0,
  id: "call_1",
  type: "function",
  function: { name: "calculator", arguments: args },
  ...more,
});
const oneCall: [string, unknown][] = [["calculator", { expression: "1" }]];
const args = { expression: "1" };
const calling = (...deltas: unknown[]) => stream(...deltas.map((delta) => data(chunk(delta))), end("tool_calls"));
const calls: Row[] = [
  ["arguments as an object", calling({ tool_calls: [calculator(args)] }), { calls: oneCall }],
  [
    "an empty object, then pieces",
    calling(
      { tool_calls: [calculator({})] },
      { tool_calls: [{ index: 0, function: { arguments: JSON.stringify(args) } }] },
    ),
    { calls: oneCall },
  ],
  [
    "arguments: null, then pieces",
    calling(
      { tool_calls: [calculator(null)] },
      { tool_calls: [{ index: 0, function: { arguments: JSON.stringify(args) } }] },
    ),
    { calls: oneCall },
  ],
  ["one call that is no list", calling({ tool_calls: calculator(JSON.stringify(args)) }), { calls: oneCall }],
  [
    "an index and an id of other types",
    calling({ tool_calls: [calculator(JSON.stringify(args), { index: "0", id: 7 })] }),
    { calls: oneCall },
  ],
  ["null among the calls", calling({ tool_calls: [null, calculator(JSON.stringify(args))] }), { calls: oneCall }],
  [
    "tool_calls: null and tool_calls: []",
    calling({ tool_calls: null }, { tool_calls: [] }, { tool_calls: [calculator(JSON.stringify(args))] }),
    { calls: oneCall },
  ],
  [
    "no function around the name",
    calling({ tool_calls: [{ index: 0, id: "a", name: "calculator", arguments: args }] }),
    { calls: oneCall },
  ],
  [
    "extra_content of another type",
    calling({ tool_calls: [calculator(JSON.stringify(args), { extra_content: "x" })] }),
    { calls: oneCall },
  ],
  [
    "the old function_call",
    stream(
      data(chunk({ function_call: { name: "calculator", arguments: JSON.stringify(args) } })),
      end("function_call"),
    ),
    { calls: oneCall },
  ],
  [
    "finish_reason stop after a call",
    stream(data(chunk({ tool_calls: [calculator(JSON.stringify(args))] })), end("stop")),
    { calls: oneCall },
  ],
];

for (const [name, answer, expected] of calls) {
  sdk(name, async () => assert.equal(await found(answer, expected), wanted(expected)));
}

sdk.run();
