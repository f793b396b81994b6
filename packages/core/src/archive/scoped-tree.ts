import type { Stats } from 'node:fs';
import { lstatSync, mkdirSync, readlinkSync, rmdirSync, unlinkSync } from 'node:fs';
import { ArchiveEscapeError, ArchiveInvalidError } from '../errors.ts';
import { decodePath, hostPath, readNames } from './path-bytes.ts';

/** A directory of the tree. The way to it does not leave the tree. */
export class ScopedDirectory {
  /** Its path on the host. Every part below the root is a real directory. */
  readonly path: string;
  /** Whether new files get the group of the directory (setgid). */
  readonly isSetgid: boolean;
  /**
   * Names that the current archive wrote here; `undefined` in a directory that it made, where every name is its own.
   */
  readonly placed: Set<string> | undefined;
  readonly children: Map<string, ScopedDirectory> = new Map();

  constructor(path: string, isNew: boolean, isSetgid: boolean) {
    this.path = path;
    this.isSetgid = isSetgid;
    this.placed = isNew ? undefined : new Set();
  }

  pathOf(name: string): string {
    return this.path === '/' ? `/${name}` : `${this.path}/${name}`;
  }
}

export interface ScopedTreeListener {
  /** Called when a directory is made that no entry described. */
  onImplicitDirectory(path: string): void;
  /** Called when a directory that existed before is used for the first time. */
  onExistingDirectory(path: string): void;
  onRemovedDirectory(path: string): void;
}

/** The kernel's own limit. */
const MAX_SYMLINKS = 40;

/**
 * Resolves paths inside one directory as a process chrooted there does: part by part, following symlinks within it.
 * Nothing else may change the tree meanwhile. Directories are cached, so that most lookups are one map access.
 */
export class ScopedTree {
  readonly root: ScopedDirectory;
  readonly #device: number;
  readonly #listener: ScopedTreeListener;
  /** By path as archives spell it, before symlinks are resolved. */
  #bySpelling: Map<string, ScopedDirectory> = new Map();

  constructor(root: string, listener: ScopedTreeListener) {
    const { dev, mode } = lstatSync(hostPath(root));
    this.#device = dev;
    this.#listener = listener;
    this.root = new ScopedDirectory(root, false, (mode & 0o2000) !== 0);
    listener.onExistingDirectory(root);
  }

  /** Returns the directory at a relative path, and makes what is missing. */
  makeDirectory(path: string): ScopedDirectory {
    return this.#bySpelling.get(path) ?? (this.#walk(path, true) as ScopedDirectory);
  }

  /** Returns the directory at a relative path; `undefined` when a part is missing or is a file. */
  findDirectory(path: string): ScopedDirectory | undefined {
    return this.#bySpelling.get(path) ?? this.#walk(path, false);
  }

  #walk(path: string, make: boolean): ScopedDirectory | undefined {
    const waiting = path.split('/').toReversed();
    let trail = [this.root];
    let links = 0;
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      const current = trail.at(-1) as ScopedDirectory;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const step = current.children.get(part) ?? this.#step(current, part, make);
      if (step === undefined) return undefined;
      if (make) current.placed?.add(part);
      if (typeof step !== 'string') {
        trail.push(step);
        continue;
      }
      links += 1;
      if (links > MAX_SYMLINKS)
        throw new ArchiveInvalidError(`Too many symlinks on the way to ${JSON.stringify(path)}`);
      if (step.startsWith('/')) trail = [this.root];
      waiting.push(...step.split('/').toReversed());
    }
    const found = trail.at(-1) as ScopedDirectory;
    if (make) this.#bySpelling.set(path, found); // only then every part of the path is marked as placed
    return found;
  }

  /** Goes one part further: to a directory, or to the text of a symlink. */
  #step(parent: ScopedDirectory, name: string, make: boolean): ScopedDirectory | string | undefined {
    const path = parent.pathOf(name);
    const stats = lstatSync(hostPath(path), { throwIfNoEntry: false });
    if (stats?.isDirectory()) return this.#met(parent, name, stats);
    if (stats?.isSymbolicLink()) return decodePath(readlinkSync(hostPath(path), 'buffer'));
    if (!make) return undefined;
    if (stats !== undefined) {
      throw new ArchiveInvalidError(`The archive puts entries below ${this.#shown(path)}, which is not a directory`);
    }
    mkdirSync(hostPath(path), 0o755);
    this.#listener.onImplicitDirectory(path);
    return this.adopt(parent, name);
  }

  /** Records a directory that was just made. */
  adopt(parent: ScopedDirectory, name: string): ScopedDirectory {
    const directory = new ScopedDirectory(parent.pathOf(name), true, parent.isSetgid);
    parent.children.set(name, directory);
    return directory;
  }

  #met(parent: ScopedDirectory, name: string, stats: Stats): ScopedDirectory {
    const known = parent.children.get(name);
    if (known !== undefined) return known;
    const directory = new ScopedDirectory(
      parent.pathOf(name),
      parent.placed === undefined,
      (stats.mode & 0o2000) !== 0,
    );
    parent.children.set(name, directory);
    this.#listener.onExistingDirectory(directory.path);
    return directory;
  }

  /** Removes a name and all below it, never through a symlink or across a mount. Returns whether it existed. */
  remove(parent: ScopedDirectory, name: string): boolean {
    const stats = lstatSync(hostPath(parent.pathOf(name)), { throwIfNoEntry: false });
    if (stats === undefined) return false;
    this.#removeTree(parent.pathOf(name), stats);
    parent.children.delete(name);
    if (stats.isDirectory() || stats.isSymbolicLink()) this.#bySpelling = new Map();
    return true;
  }

  #removeTree(path: string, stats: Stats): void {
    if (!stats.isDirectory()) return unlinkSync(hostPath(path));
    if (stats.dev !== this.#device) {
      throw new ArchiveEscapeError(`${this.#shown(path)} is a mount point: the archive may not replace it`);
    }
    for (const name of readNames(path)) {
      const child = `${path}/${name}`;
      this.#removeTree(child, lstatSync(hostPath(child)));
    }
    rmdirSync(hostPath(path));
    this.#listener.onRemovedDirectory(path);
  }

  /** Removes what was in a directory before this archive, and keeps what the archive wrote. */
  removeOlder(directory: ScopedDirectory): void {
    if (directory.placed === undefined) return;
    for (const name of readNames(directory.path)) {
      if (!directory.placed.has(name)) this.remove(directory, name);
      else this.removeOlderAt(directory, name);
    }
  }

  /** Does the same for a name that the archive wrote into `parent`, when it is a directory. */
  removeOlderAt(parent: ScopedDirectory, name: string): void {
    const stats = lstatSync(hostPath(parent.pathOf(name)), { throwIfNoEntry: false });
    if (stats?.isDirectory()) this.removeOlder(this.#met(parent, name, stats));
  }

  /** Returns a directory that an entry names and that exists already. */
  reuse(parent: ScopedDirectory, name: string, stats: Stats): ScopedDirectory {
    return this.#met(parent, name, stats);
  }

  #shown(path: string): string {
    return JSON.stringify(path.slice(this.root.path.length));
  }
}

/**
 * Returns the directory that an entry goes into, and its name there. Refuses `..` anywhere in the path.
 * @throws {ArchiveEscapeError}
 */
export function splitEntryPath(path: string): { readonly parent: string; readonly name: string } {
  if (path.includes('..') && path.split('/').includes('..')) {
    throw new ArchiveEscapeError(`The archive names a place outside of its root: ${JSON.stringify(path)}`, {
      hint: 'It was made by a broken or a hostile tool. Nothing outside was changed.',
    });
  }
  const slash = path.lastIndexOf('/');
  return slash < 0 ? { parent: '', name: path } : { parent: path.slice(0, slash), name: path.slice(slash + 1) };
}
