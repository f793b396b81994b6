import { lstatSync } from 'node:fs';
import type { AddPathOptions, TarWriter } from '@shale/core/archive';
import { addPath, fileSystemCalls, hostPath, WHITEOUT_PREFIX } from '@shale/core/archive';

export interface ChangeWriterOptions {
  /** Where the changed files are read. */
  readonly root: string;
  /** @see CommitOptions */
  readonly sourceDateEpoch?: number | undefined;
}

/**
 * Writes the changes of a tree as a layer. Walk the tree depth first, names sorted: a directory is written when it changed,
 * or else just before the first change in it, so that a layer always tells the mode and owner of the directories it needs.
 * Await what is not `undefined`.
 */
export class ChangeWriter {
  readonly #tar: TarWriter;
  readonly #root: string;
  readonly #options: AddPathOptions;
  readonly #clampMs: number;
  /** Written with another time than they have on disk. */
  readonly #clamped: string[] = [];
  /** Directories on the way that are not written yet. */
  readonly #pending: string[] = [];

  constructor(tar: TarWriter, { root, sourceDateEpoch }: ChangeWriterOptions) {
    this.#tar = tar;
    this.#root = root;
    this.#clampMs = sourceDateEpoch === undefined ? Number.POSITIVE_INFINITY : sourceDateEpoch * 1000;
    this.#options = { hardLinks: new Map(), clampMtimeSeconds: sourceDateEpoch, timePrecision: 'second' };
  }

  enter(directory: string): void {
    this.#pending.push(directory);
  }

  leave(directory: string): void {
    if (this.#pending.at(-1) === directory) this.#pending.pop();
  }

  /** A file or link that is new or changed, or the directory that was entered last. */
  present(path: string): void | Promise<void> {
    const wait = this.#writePending();
    if (wait) return wait.then(() => this.#add(path));
    return this.#add(path);
  }

  /** The directory that was entered last changed itself. */
  changedDirectory(): void | Promise<void> {
    return this.#writePending();
  }

  removed(directory: string, name: string): void | Promise<void> {
    const wait = this.#writePending();
    if (wait) return wait.then(() => this.#whiteout(directory, name));
    return this.#whiteout(directory, name);
  }

  #writePending(): void | Promise<void> {
    while (this.#pending.length > 0) {
      const directory = this.#pending.shift() ?? '';
      const wait = directory === '' ? undefined : this.#add(directory);
      if (wait) return wait.then(() => this.#writePending());
    }
    return undefined;
  }

  /**
   * Gives the files the times that the layer has, so that a later step sees the same as on the unpacked layer.
   * @returns Whether there were any.
   */
  settleTimes(): boolean {
    const seconds = this.#clampMs / 1000;
    for (const path of this.#clamped) fileSystemCalls().setTimes(hostPath(`${this.#root}/${path}`), seconds, 0);
    return this.#clamped.length > 0;
  }

  #add(path: string): void | Promise<void> {
    if (Number.isFinite(this.#clampMs) && lstatSync(hostPath(`${this.#root}/${path}`)).mtimeMs > this.#clampMs)
      this.#clamped.push(path);
    return addPath(this.#tar, `${this.#root}/${path}`, path, this.#options);
  }

  #whiteout(directory: string, name: string): void | Promise<void> {
    const marker = `${WHITEOUT_PREFIX}${name}`;
    const path = directory === '' ? marker : `${directory}/${marker}`;
    return this.#tar.entry({
      path,
      type: 'file',
      mode: 0o600,
      uid: 0,
      gid: 0,
      mtimeSeconds: 0,
      mtimeNanoseconds: 0,
      size: 0,
    });
  }
}
