import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { hostPath } from '@shale/core/archive';
import { killTagged } from '../host/step-tag.ts';
import { removeTree } from '../tree/remove-tree.ts';
import { requireContainer } from '../host/container.ts';
import { KeptPaths } from './kept-paths.ts';
import { mountedPaths } from '../host/mount-table.ts';
import { moveIn, moveOut } from './move-entries.ts';
import { readJournal, removeJournal, writeJournal } from './root-journal.ts';

/** Where this program and the trees are, unless it is told otherwise. */
export const OWN_DIRECTORY = '/.envbuilder';
const ASIDE = 'aside-';

/** What a file was like when it had been moved: a rename alone changes its ctime. */
interface Placed {
  readonly ino: number;
  readonly ctimeMs: number;
}

/**
 * Puts a tree in the place of the container's root file system, and back: by renames, around everything that is mounted.
 * A journal tells a later process how far one got that was killed.
 */
export class RootExchange {
  /** Absolute; stays in place, whatever is in `/`. */
  readonly directory: string;
  readonly #keep: readonly string[];
  readonly #own: string;
  readonly #journal: string;
  readonly #aside: string;
  #placed = new Map<string, Placed>();
  #kept: KeptPaths | undefined;

  /** @param keep Absolute: what else stays in place. */
  constructor(directory: string, keep: readonly string[] = []) {
    this.directory = directory;
    this.#keep = keep;
    this.#own = join(directory, 'in-place');
    this.#journal = join(this.#own, 'journal.json');
    this.#aside = join(this.#own, 'aside');
  }

  /** Makes what is needed, and returns it: the directory to lock. */
  open(): string {
    mkdirSync(this.#own, { recursive: true, mode: 0o700 });
    chmodSync(this.#own, 0o700);
    return this.#own;
  }

  /** A path for what must be out of a tree for a while, on the same file system. */
  newAside(): string {
    return join(this.#own, `${ASIDE}${randomBytes(6).toString('hex')}`);
  }

  /** What stays now: the mounts, our own directory and what was asked for. */
  keptNow(): KeptPaths {
    return new KeptPaths([...mountedPaths(), this.directory, ...this.#keep]);
  }

  /** While a tree is `/`: where a file of the container is. */
  whereIs(path: string): string {
    const kept = this.#kept ?? this.keptNow();
    return kept.covers(path) || !existsSync(join(this.#aside, path)) ? path : join(this.#aside, path);
  }

  /**
   * Makes the tree `/`. It is empty until `leave`, but for what a mount covers.
   * @param tag Of the processes that will run there: they end when this has to be undone by another process.
   */
  enter(tree: string, tag?: number): void {
    if (readJournal(this.#journal) !== undefined) throw new Error('A tree is in the place of / already');
    const kept = this.keptNow();
    this.#kept = kept;
    removeTree(this.#aside);
    mkdirSync(this.#aside, { mode: 0o700 });
    writeJournal(this.#journal, { phase: 'leaving', tree, tag });
    moveOut(this.#aside, { kept });
    writeJournal(this.#journal, { phase: 'tree', tree, tag });
    this.#placed = new Map();
    moveIn(tree, { kept, onMove: (path) => this.#remember(path) });
  }

  #remember(path: string): void {
    const { ino, ctimeMs } = lstatSync(hostPath(path));
    this.#placed.set(path, { ino, ctimeMs });
  }

  /**
   * Puts the tree back where it was, and the container's own files into `/`.
   * @returns What was moved and is as before but for that, by path in the tree.
   */
  leave(tree: string): ReadonlySet<string> {
    const kept = this.#kept ?? this.keptNow();
    const untouched = new Set<string>();
    const onMove = (path: string) => {
      const placed = this.#placed.get(path);
      if (placed === undefined) return;
      const { ino, ctimeMs } = lstatSync(hostPath(path));
      if (placed.ino === ino && placed.ctimeMs === ctimeMs) untouched.add(path.slice(1));
    };
    moveOut(tree, { kept, onMove, standIns: false });
    this.#returnOwn(tree, kept);
    return untouched;
  }

  #returnOwn(tree: string, kept: KeptPaths): void {
    writeJournal(this.#journal, { phase: 'returning', tree, tag: undefined });
    moveIn(this.#aside, { kept });
    removeJournal(this.#journal);
    removeTree(this.#aside);
  }

  /**
   * Puts back what a killed process left behind, and removes the tree that it had in `/`: nobody knows how far its step got.
   * @returns Whether there was anything to do.
   */
  recover(): boolean {
    if (!existsSync(this.#own)) return false;
    this.#removeAside();
    const journal = readJournal(this.#journal);
    if (journal === undefined) return false;
    requireContainer('The root file system cannot be put back');
    if (journal.tag !== undefined) killTagged(journal.tag);
    const kept = this.keptNow();
    if (journal.phase === 'tree') this.#discardTree(journal.tree, kept);
    this.#returnOwn(journal.tree, kept);
    return true;
  }

  #discardTree(tree: string, kept: KeptPaths): void {
    const rubbish = this.newAside();
    mkdirSync(rubbish, { mode: 0o700 });
    moveOut(rubbish, { kept });
    removeTree(rubbish);
    if (existsSync(tree)) renameSync(tree, rubbish);
    removeTree(rubbish);
  }

  #removeAside(): void {
    for (const name of readdirSync(this.#own).filter((entry) => entry.startsWith(ASIDE)))
      removeTree(join(this.#own, name));
  }
}
