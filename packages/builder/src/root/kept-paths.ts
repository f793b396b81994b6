import { normalize } from 'node:path';

/** Where the root file system must be left alone while all else of it is exchanged: mounts, and what is to stay. */
export class KeptPaths {
  readonly #kept: ReadonlySet<string>;
  readonly #ancestors: ReadonlySet<string>;

  /** @param paths Absolute; what is below them is kept with them. */
  constructor(paths: readonly string[]) {
    const kept = paths.map(withoutSlash).filter((path) => path !== '');
    this.#kept = new Set(kept);
    this.#ancestors = new Set(kept.flatMap(ancestorsOf));
  }

  /** Whether this very path stays. */
  has(path: string): boolean {
    return this.#kept.has(path);
  }

  /** Whether something below the path stays, so that its directory does. */
  isAbove(path: string): boolean {
    return !this.#kept.has(path) && this.#ancestors.has(path);
  }

  /** Whether the path stays, or lies below one that does. */
  covers(path: string): boolean {
    const clean = withoutSlash(path);
    return this.#kept.has(clean) || ancestorsOf(clean).some((ancestor) => this.#kept.has(ancestor));
  }
}

const withoutSlash = (path: string) => normalize(`/${path}`).replace(/\/+$/, '');

/** Without the root. */
function ancestorsOf(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}
