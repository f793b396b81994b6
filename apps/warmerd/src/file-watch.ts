import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Wait after a change, in milliseconds: editors write in several steps, and Kubernetes swaps whole folders. */
const SETTLE_MS = 1000;

/** Watches files, and also notices when another file takes the place of one. */
export class FileWatch {
  readonly #watchers: FSWatcher[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();

  add(files: readonly string[], onChange: () => void): void {
    let seen = signatureOf(files);
    let timer: NodeJS.Timeout | undefined;
    const look = () => {
      if (timer !== undefined) this.#timers.delete(timer);
      timer = undefined;
      const now = signatureOf(files);
      if (now === seen) return;
      seen = now;
      onChange();
    };
    const notice = () => {
      if (timer !== undefined) return;
      timer = setTimeout(look, SETTLE_MS).unref();
      this.#timers.add(timer);
    };
    for (const folder of new Set(files.map((file) => dirname(file)))) this.#watchFolder(folder, notice);
  }

  clear(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Ignores a folder that cannot be watched: each run reads its files anyway. */
  #watchFolder(folder: string, notice: () => void): void {
    try {
      const watcher = watch(folder, { persistent: false }, notice);
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {}
  }
}

function signatureOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? '' : [found.dev, found.ino, found.size, found.mtimeMs].join(':');
    })
    .join(' ');
}
