import { chmodSync, lstatSync } from 'node:fs';
import type { ArchiveEntry } from './archive-entry.ts';
import type { FileSystemCalls } from './file-system-calls.ts';
import { splitNanoseconds } from './file-time.ts';
import { hostPath } from './path-bytes.ts';

interface Pending {
  /** `undefined` keeps the mode. */
  readonly mode: number | undefined;
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Modes and times of directories, applied when nothing more is written into them. */
export class DirectoryMetadata {
  readonly #calls: FileSystemCalls;
  readonly #pending = new Map<string, Pending>();
  readonly #implied = new Set<string>();

  constructor(calls: FileSystemCalls) {
    this.#calls = calls;
  }

  /** Directories that no entry described, outermost first. */
  get implied(): readonly string[] {
    return [...this.#implied];
  }

  set(path: string, entry: ArchiveEntry): void {
    this.#implied.delete(path);
    this.#pending.set(path, {
      mode: entry.mode,
      seconds: entry.mtimeSeconds,
      nanoseconds: entry.mtimeNanoseconds,
    });
  }

  /** A directory that no entry describes gets the time of the first entry in it, so that unpacking is repeatable. */
  imply(path: string, entry: ArchiveEntry | undefined): void {
    const { mtimeSeconds: seconds = 0, mtimeNanoseconds: nanoseconds = 0 } = entry ?? {};
    this.#pending.set(path, { mode: 0o755, seconds, nanoseconds });
    this.#implied.add(path);
  }

  /** A directory of a lower layer keeps its time, whatever is written into it. */
  keep(path: string): void {
    const { mtimeNs } = lstatSync(hostPath(path), { bigint: true });
    this.#pending.set(path, { mode: undefined, ...splitNanoseconds(mtimeNs) });
  }

  forget(path: string): void {
    this.#pending.delete(path);
    this.#implied.delete(path);
  }

  apply(): void {
    for (const [path, { mode, seconds, nanoseconds }] of [...this.#pending].toReversed()) {
      if (mode !== undefined) chmodSync(hostPath(path), mode);
      this.#calls.setTimes(hostPath(path), seconds, nanoseconds);
    }
  }
}
