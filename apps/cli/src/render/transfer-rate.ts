const WINDOW_MS = 3000;
const SAMPLE_INTERVAL_MS = 100;
const MIN_SPAN_MS = 300;

/** Bytes a second over the last seconds, from running totals. */
export class TransferRate {
  #samples: readonly { readonly at: number; readonly bytes: number }[] = [];

  add(at: number, bytes: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < SAMPLE_INTERVAL_MS) return;
    this.#samples = [...this.#samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, bytes }];
  }

  /** `undefined` until enough was seen to tell. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < MIN_SPAN_MS) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }
}
