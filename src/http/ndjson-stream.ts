// A response body of lines that is written when it suits the sender and read when it suits the reader. Bounded: who
// lets too much gather, or takes nothing for too long, is cut off, and never delays the sender.
import type { Clock, Timer } from "../runtime/clock.ts";

export interface NdjsonStream {
  readonly body: ReadableStream<Uint8Array>;
  write(line: string): void;
  /** What was written before is still delivered. */
  end(): void;
}

export interface NdjsonStreamOptions {
  unsentBytesMax: number;
  /** Lines are joined to pieces of at most so many bytes (one longer line goes alone); 64 KiB when left out. */
  sliceBytes?: number;
  /** From handing out a piece to the reader's asking for more. */
  stallMs: number;
  clock: Clock;
  /** Called once: the reader has left, was cut off, or has taken everything. */
  onEnd(): void;
  /** The reader was too slow: whoever owns the connection ends it. */
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
        // Asked for more: the piece before is out.
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
    // Nothing is taken ahead: what the reader has not asked for is counted here, and nowhere else.
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
