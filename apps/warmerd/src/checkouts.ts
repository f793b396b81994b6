import type { WarmTarget } from '@shale/warmer';
import type { Environment } from '@shale/wiring';

export interface ReadOptions {
  /** Equal for equal questions. */
  readonly key: string;
  readonly read: (root: string) => Promise<readonly WarmTarget[]>;
  readonly signal: AbortSignal;
}

/** What repositories said, remembered by commit: one that did not move costs one question to its server. */
export class Checkouts {
  readonly #environment: Environment;
  readonly #known = new Map<string, { readonly commit: string; readonly targets: readonly WarmTarget[] }>();

  /** @param environment of the user: git sees what it needs of it */
  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** @throws {GitFailedError} */
  async read(url: string, { key, read, signal }: ReadOptions): Promise<readonly WarmTarget[]> {
    // Loaded when a config names a repository: the others do not pay for it.
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
