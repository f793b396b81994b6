import type { DirectoryLock } from '../tree/directory-lock.ts';
import type { Draft } from './snapshot-directory.ts';

/** A draft with several users: disposed when the last of them is done. */
export class SharedDraft {
  readonly #draft: Draft;
  #users = 0;
  #isDisposed = false;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  publish: Draft['publish'] = (chainId) => this.#draft.publish(chainId);

  /** Until that is disposed, the directory stays; `undefined` when it is gone. */
  use(): DirectoryLock | undefined {
    if (this.#isDisposed) return undefined;
    this.#users += 1;
    const draft = this.#draft;
    let isUsed = true;
    return {
      get path() {
        return draft.path;
      },
      [Symbol.dispose]: () => {
        if (isUsed) this.#leave();
        isUsed = false;
      },
    };
  }

  #leave(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#isDisposed = true;
    this.#draft[Symbol.dispose]();
  }
}
