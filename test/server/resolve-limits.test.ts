// The limits of an embedder: they change the server's defaults, or one sentence says why they are impossible.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { ConfigError } from "../../src/server/config.ts";
import { resolveLimits } from "../../src/server/resolve-limits.ts";

const test = suite("resolve limits");

/** The message with which the changes are refused. */
function refusal(changes: object): string {
  try {
    resolveLimits(changes);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error(`was accepted: ${JSON.stringify(changes)}`);
}

test("unchanged limits keep their values, and the defaults cannot be modified", () => {
  assert.equal(resolveLimits(), limits);
  const changes = { chatTextBytesMax: 1_000, allUnsentBytesMax: 12_345, inputMsPerLoopTurn: 0.5, retriesMax: 0 };
  assert.equal(resolveLimits(changes), { ...limits, ...changes });
  assert.ok(Object.isFrozen(limits));
});

test("an unknown name is refused", () => {
  assert.is(
    refusal({ chatTextBytes: 1 }),
    "limits.chatTextBytes is no limit: the names are in docs/reference/limits.md.",
  );
  assert.match(refusal({ toString: 1 }), /^limits\.toString is no limit/);
});

test("limits that are not an object are refused", () => {
  for (const changes of [null, [], 5]) {
    const shown = JSON.stringify(changes);
    assert.is(refusal(changes as object), `limits is ${shown}: it must be an object of limits by name.`);
  }
});

test("an unusable number is refused with the given value", () => {
  const rows: [changes: object, message: string][] = [
    [{ socketsMax: "9" }, 'limits.socketsMax is "9": it must be a finite number.'],
    [{ socketsMax: undefined }, "limits.socketsMax is undefined: it must be a finite number."],
    [{ socketsMax: Number.NaN }, "limits.socketsMax is NaN: it must be a finite number."],
    [{ socketsMax: Number.POSITIVE_INFINITY }, "limits.socketsMax is Infinity: it must be a finite number."],
    [{ socketsMax: 1.5 }, "limits.socketsMax is 1.5: it must be a whole number."],
    [{ closingMs: 0.5 }, "limits.closingMs is 0.5: it must be a whole number."],
    [{ frameBytesMax: 0 }, "limits.frameBytesMax is 0: it must be 1 or more."],
    [{ retriesMax: -1 }, "limits.retriesMax is -1: it must be 0 or more."],
    [{ commandsPerSecond: 0 }, "limits.commandsPerSecond is 0: it must be more than 0."],
    [{ turnMs: 2 ** 31 }, "limits.turnMs is 2147483648: it must be 2147483647 or less, the longest timer of Node."],
  ];
  for (const [changes, message] of rows) assert.is(refusal(changes), message);
  assert.is(
    resolveLimits({ idempotencyMs: 2 ** 31 }).idempotencyMs,
    2 ** 31,
    "idempotencyMs is not the delay of a timer",
  );
});

test("values below the protocol's minimum are refused", () => {
  assert.match(refusal({ idCharactersMax: 35 }), /^limits\.idCharactersMax is 35: it must be 36 or more: .*UUIDs/);
  assert.match(refusal({ nestingDepthMax: 2 }), /3 or more: a chat\.send with images/);
  assert.match(refusal({ messageBytesMax: 255 }), /256 or more: an id may take/);
  assert.match(refusal({ eventBytesMax: 16_383 }), /16384 or more: the ids and names/);
});

test("contradictory limits are refused with both names, whichever was changed", () => {
  assert.is(
    refusal({ frameBytesMax: 65_535 }),
    "limits.messageBytesMax (65536) is more than limits.frameBytesMax (65535): no message is longer than a frame. " +
      "Lower the first or raise the second.",
  );
  const pairs: [changes: object, names: RegExp][] = [
    [{ chatTextBytesMax: 2 ** 24 + 1 }, /chatTextBytesMax .*frameBytesMax /],
    [{ inputSliceBytesMax: 127 }, /inputSliceBytesMin .*inputSliceBytesMax /],
    [{ requestMs: 9_999 }, /handshakeMs .*requestMs /],
    [{ flushIntervalMs: 51 }, /flushIntervalMs .*flushIntervalMaxMs /],
    [{ eventBytesMax: 2 ** 21 + 1 }, /eventBytesMax .*wholeEventCharactersMax /],
    [{ deltaCharactersMax: 2 ** 21 + 1 }, /deltaCharactersMax .*wholeEventCharactersMax /],
    [{ wholeEventCharactersMax: 2 ** 22 + 1 }, /wholeEventCharactersMax .*unsentBytesMax /],
    [{ specCharactersMax: 2 ** 22 + 1 }, /specCharactersMax .*unsentBytesMax /],
    [{ runningLogsBytesMax: 2 ** 20 }, /allLogsBytesMax .*runningLogsBytesMax /],
    [{ outstandingBytesMin: 2 ** 18 + 1 }, /outstandingBytesMin .*outstandingBytesMax /],
    [{ ackTargetMs: 10_001 }, /ackTargetMs .*ackTimeoutMs /],
    [{ toolRunMs: 1_200_001 }, /toolRunMs .*agentLostMs /],
    [{ agentLostMs: 599_999 }, /toolRunMs .*agentLostMs /],
    [{ modelSilenceMs: 1_200_001 }, /modelSilenceMs .*agentLostMs /],
    [{ retryDelayMaxMs: 499 }, /retryFirstDelayMs .*retryDelayMaxMs /],
    [{ silentCloseMs: 25_999 }, /^limits\.silentCloseMs \(25999\) is less than limits\.silentPingMs \(25000\) and/],
  ];
  for (const [changes, names] of pairs) assert.match(refusal(changes), names);
});

test.run();
