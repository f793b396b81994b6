/** Caches values for a while. Failures are not cached. */
export class RecentValues<T> {
  readonly #keptMs: number;
  readonly #values = new Map<string, { readonly untilMs: number; readonly value: Promise<T> }>();

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  get(key: string, find: () => Promise<T>): Promise<T> {
    const now = performance.now();
    const known = this.#values.get(key);
    if (known && known.untilMs > now) return known.value;
    const value = find();
    this.#values.set(key, { untilMs: now + this.#keptMs, value });
    value.catch(() => this.#values.delete(key));
    return value;
  }
}
