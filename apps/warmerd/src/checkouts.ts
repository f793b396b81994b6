import type { WarmTarget } from '@shale/warmer';
import type { Environment } from '@shale/wiring';

export interface ReadOptions {
  /** Identifies the question; equal questions have equal keys. */
  readonly key: string;
  readonly read: (root: string) => Promise<readonly WarmTarget[]>;
  readonly signal: AbortSignal;
}

/** Reads images from repositories, and remembers them by commit: a repository that did not change costs one request. */
export class Checkouts {
  readonly #environment: Environment;
  readonly #known = new Map<string, { readonly commit: string; readonly targets: readonly WarmTarget[] }>();

  /** @param environment of the process; git sees the variables that it needs */
  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** @throws {GitFailedError} */
  async read(url: string, { key, read, signal }: ReadOptions): Promise<readonly WarmTarget[]> {
    // loaded late, so that a config without repositories costs no memory for it
    const { openGitContext } = await import('@shale/builder');
    const { resolveGitCommit } = await import('@shale/git');
    const { gitEnvironment } = await import('@shale/wiring');
    const environment = gitEnvironment(this.#environment);
    const commit = await resolveGitCommit(url, { program: { env: environment, readsUserSettings: true }, signal });
    const known = this.#known.get(key);
    if (known !== undefined && known.commit === commit) return known.targets;
    await using checkout = await openGitContext(url, { environment, signal });
    const targets = await read(checkout.root);
    this.#known.set(key, { commit, targets });
    return targets;
  }
}
