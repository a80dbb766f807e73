// A response body of NDJSON lines, with a bounded buffer between sender and reader. A reader that lets too much buffer
// up, or reads nothing for too long, is cut off. It must never delay the sender.
import type { Clock, Timer } from "../runtime/clock.ts";

export interface NdjsonStream {
  readonly body: ReadableStream<Uint8Array>;
  write(line: string): void;
  /** Ends the body after the lines already written. */
  end(): void;
}

export interface NdjsonStreamOptions {
  unsentBytesMax: number;
  /** Lines are joined into chunks of at most this size; a longer line goes alone. Default: 64 KiB. */
  sliceBytes?: number;
  /** Longest time from handing out a chunk until the reader asks for more. */
  stallMs: number;
  clock: Clock;
  /** Called once, when the reader has left, was cut off, or has read everything. */
  onEnd(): void;
  /** The reader was too slow. The owner of the connection must end it. */
  onTooSlow(): void;
}

export function createNdjsonStream(options: NdjsonStreamOptions): NdjsonStream {
  const { clock, sliceBytes = 64 * 1024 } = options;
  let lines: { text: string; bytes: number }[] = [];
  let waitingBytes = 0;
  let takenBytes = 0;
  let state: "open" | "ending" | "ended" = "open";
  let wake = (): void => {};
  let stallTimer: Timer;

  const finish = (): void => {
    if (state === "ended") return;
    state = "ended";
    clock.clearTimeout(stallTimer);
    lines = [];
    wake();
    options.onEnd();
  };

  const cutOff = (): void => {
    finish();
    options.onTooSlow();
  };

  const takeSlice = (): Buffer => {
    let count = 0;
    takenBytes = 0;
    for (const { bytes } of lines) {
      if (count > 0 && takenBytes + bytes > sliceBytes) break;
      takenBytes += bytes;
      count += 1;
    }
    waitingBytes -= takenBytes;
    const taken = lines.splice(0, count);
    return Buffer.from(taken.map(({ text }) => text).join(""));
  };

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // The reader asks for more, so the previous chunk is out.
        clock.clearTimeout(stallTimer);
        takenBytes = 0;
        if (lines.length === 0 && state === "open") {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        if (lines.length > 0) controller.enqueue(takeSlice());
        if (lines.length === 0 && state === "ending") {
          controller.close();
          finish();
        } else if (state !== "ended") stallTimer = clock.setTimeout(cutOff, options.stallMs);
      },
      cancel: finish,
    },
    // No read-ahead: all bytes that the reader has not asked for are counted here.
    { highWaterMark: 0 },
  );

  return {
    body,
    write(line) {
      if (state !== "open") return;
      const text = `${line}\n`;
      const bytes = Buffer.byteLength(text);
      lines.push({ text, bytes });
      waitingBytes += bytes;
      if (waitingBytes + takenBytes <= options.unsentBytesMax) wake();
      else cutOff();
    },
    end() {
      if (state !== "open") return;
      state = "ending";
      wake();
    },
  };
}
