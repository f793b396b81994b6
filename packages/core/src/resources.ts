/**
 * Disposes all resources added to it, the last first, and goes on after failures. Stands for `AsyncDisposableStack`,
 * which Node has from version 24 on.
 * @example
 * await using resources = new Resources();
 * const { path } = resources.use(await openScratchDirectory());
 */
export class Resources implements AsyncDisposable {
  #disposals: (() => unknown)[] = [];

  use<Resource extends AsyncDisposable | Disposable>(resource: Resource): Resource {
    this.defer(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()));
    return resource;
  }

  defer(dispose: () => unknown): void {
    this.#disposals.push(dispose);
  }

  /** Moves all resources to a new stack, for another scope to dispose. */
  move(): Resources {
    const moved = new Resources();
    moved.#disposals = this.#disposals;
    this.#disposals = [];
    return moved;
  }

  /** @throws The first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const dispose of this.#disposals.splice(0).reverse()) {
      try {
        await dispose();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
