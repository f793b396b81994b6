import { lstatSync } from 'node:fs';
import { join, relative } from 'node:path';
import { hostPath, readNames } from '@shale/core/archive';
import { removeTree } from '../tree/remove-tree.ts';

/** Stamps of files; directories have none, as their times change with what is in them. */
type Stamps = ReadonlyMap<string, string | undefined>;

/** In the state: what this process may write while a step runs. Layers and trees have checks of their own. */
const OWN_STATE =
  /^(?:index\.json|oci-layout|blobs(?:\/sha\d+(?:\/[0-9a-f]{64,})?)?|(?:cache|cache-mounts|images|ingest|stat-cache|tmp|trees)(?:\/.*)?)$/;
const OWN_SCRATCH = /^tmp(?:\/shale-.*)?$/;

/**
 * The files of this program, which a step in place could write to. What it puts there is removed after it, and what it
 * changes there is told.
 */
export class OwnFiles {
  readonly #directory: string;
  readonly #stateDir: string;
  readonly #before: Stamps;

  constructor(directory: string, stateDir: string) {
    this.#directory = directory;
    this.#stateDir = stateDir;
    this.#before = this.#look();
  }

  /** @returns Paths of ours that are not as before. */
  settle(): readonly string[] {
    const now = this.#look();
    for (const path of now.keys()) {
      if (!this.#before.has(path) && !this.#isOurs(path)) removeTree(path);
    }
    return [...this.#before]
      .filter(([path, stamp]) => !this.#isOurs(path) && (!now.has(path) || now.get(path) !== stamp))
      .map(([path]) => path);
  }

  #isOurs(path: string): boolean {
    return OWN_STATE.test(relative(this.#stateDir, path)) || OWN_SCRATCH.test(relative(this.#directory, path));
  }

  /** Nothing in it is told from what a step writes. */
  #isLeftAlone(path: string): boolean {
    return this.#isOurs(path) && this.#isOurs(join(path, 'any'));
  }

  #look(): Stamps {
    const stamps = new Map<string, string | undefined>();
    const pending = [this.#directory];
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      for (const name of readNames(directory)) {
        const path = join(directory, name);
        if (path === join(this.#directory, 'in-place')) continue;
        const stats = lstatSync(hostPath(path), { throwIfNoEntry: false });
        if (stats === undefined) continue;
        stamps.set(path, stats.isDirectory() ? undefined : `${stats.ino} ${stats.ctimeMs}`);
        if (stats.isDirectory() && !this.#isLeftAlone(path)) pending.push(path);
      }
    }
    return stamps;
  }
}
