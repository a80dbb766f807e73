// Latencies by the million in little memory: buckets that are never wider than 3.2 % of what they hold.

const subBits = 6;
const subBuckets = 1 << subBits;
/** Up to 2^36 µs, 19 hours. */
const buckets = (37 - subBits) * subBuckets;

export class Histogram {
  readonly #counts = new Uint32Array(buckets);
  count = 0;
  maxUs = 0;

  record(us: number): void {
    const value = us < 0 ? 0 : Math.floor(us);
    const index = bucketOf(value);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.count++;
    if (value > this.maxUs) this.maxUs = value;
  }

  /** The value (µs) that `share` (0 to 1) of all values do not exceed, rounded up within its bucket. NaN if empty. */
  percentileUs(share: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let index = 0; index < buckets; index++) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank) return Math.min(upperOf(index), this.maxUs);
    }
    return this.maxUs;
  }

  clear(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.maxUs = 0;
  }
}

function bucketOf(value: number): number {
  if (value < subBuckets) return value;
  const shift = Math.min(31 - Math.clz32(Math.min(value, 0xffff_ffff)), 36) - subBits + 1;
  return Math.min(shift * (subBuckets >> 1) + Math.floor(value / 2 ** shift) + 0, buckets - 1);
}

/** The largest value of a bucket. */
function upperOf(index: number): number {
  if (index < subBuckets) return index;
  const half = subBuckets >> 1;
  const shift = Math.floor(index / half) - 1;
  const mantissa = index - shift * half;
  return (mantissa + 1) * 2 ** shift - 1;
}
