import type { WarmTarget } from '@shale/warmer';

export interface ReadOptions {
  /** Equal for equal questions. */
  readonly key: string;
  readonly read: (root: string) => Promise<readonly WarmTarget[]>;
  readonly signal: AbortSignal;
}

/** What repositories said, remembered by commit: one that did not move costs one question to its server. */
export class Checkouts {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #known = new Map<string, { readonly commit: string; readonly targets: readonly WarmTarget[] }>();

  /** @param environment for git: `PATH`, `HOME`, `SSH_AUTH_SOCK` and the like */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  /** @throws {GitFailedError} */
  async read(url: string, { key, read, signal }: ReadOptions): Promise<readonly WarmTarget[]> {
    // Loaded when a config names a repository: the others do not pay for it.
    const { openGitContext, resolveGitCommit } = await import('@shale/builder');
    const options = { environment: this.#environment, signal };
    const commit = await resolveGitCommit(url, options);
    const known = this.#known.get(key);
    if (known !== undefined && known.commit === commit) return known.targets;
    await using checkout = await openGitContext(url, options);
    const targets = await read(checkout.root);
    this.#known.set(key, { commit, targets });
    return targets;
  }
}
