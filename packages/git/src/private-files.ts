import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files that only this user can read. They are removed on disposal. The first file makes the folder. */
export class PrivateFiles implements Disposable {
  readonly #parent: string;
  #directory: string | undefined;

  /** @param parent Made if missing. */
  constructor(parent: string) {
    this.#parent = parent;
  }

  path(name: string): string {
    this.#directory ??= this.#make();
    return join(this.#directory, name);
  }

  write(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** @returns `undefined` if there is no such file */
  read(name: string): string | undefined {
    if (this.#directory === undefined) return undefined;
    try {
      return readFileSync(join(this.#directory, name), 'utf8');
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  #make(): string {
    mkdirSync(this.#parent, { recursive: true, mode: 0o700 });
    const directory = mkdtempSync(join(this.#parent, 'shale-git-'));
    chmodSync(directory, 0o700);
    return directory;
  }
}
