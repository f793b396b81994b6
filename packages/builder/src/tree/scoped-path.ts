import { isUtf8 } from 'node:buffer';
import { closeSync, lstatSync, mkdirSync, openSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A path of a tree, found on the host. */
export interface ScopedPath {
  /** The deepest part that exists: no symlink, nor is any part of it below the root. */
  readonly existing: string;
  /** The names below that, which do not exist. */
  readonly missing: readonly string[];
}

/** As many as the kernel follows. */
const MAX_SYMLINKS = 40;

/**
 * Finds `path` in the tree at `root` as a process chrooted there would: symlinks are followed within the tree, and `..`
 * stops at its root. Nobody else may change the tree meanwhile.
 */
export function resolveInTree(root: string, path: string): ScopedPath {
  const waiting = path.split('/').toReversed();
  let found: string[] = [];
  let links = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      found.pop();
      continue;
    }
    const host = join(root, ...found, part);
    const stats = lstatSync(host, { throwIfNoEntry: false });
    if (stats === undefined) {
      const missing = lexical([part, ...waiting.toReversed()]);
      return { existing: join(root, ...found), missing };
    }
    if (!stats.isSymbolicLink()) {
      found.push(part);
      continue;
    }
    links += 1;
    if (links > MAX_SYMLINKS) throw failure('ELOOP', 'too many symlinks', path);
    const text = readLink(host);
    if (text.startsWith('/')) found = [];
    waiting.push(...text.split('/').toReversed());
  }
  return { existing: join(root, ...found), missing: [] };
}

function lexical(parts: readonly string[]): string[] {
  const kept: string[] = [];
  for (const part of parts) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return kept;
}

function readLink(host: string): string {
  const text = readlinkSync(host, 'buffer');
  if (!isUtf8(text)) throw failure('EILSEQ', 'a symlink that is not UTF-8', host);
  return text.toString();
}

/** Finds `path` as `resolveInTree` does, makes what is missing, and returns where it is on the host. */
export function makeInTree(root: string, path: string, type: 'directory' | 'file'): string {
  const { existing, missing } = resolveInTree(root, path);
  checkType(existing, missing.length === 0 ? type : 'directory', path);
  let host = existing;
  for (const [index, name] of missing.entries()) {
    host = join(host, name);
    if (type === 'directory' || index < missing.length - 1) mkdirSync(host, { mode: 0o755 });
    else closeSync(openSync(host, 'wx', 0o644));
  }
  return host;
}

/** @throws an `ENOTDIR` or `EISDIR` error */
export function checkType(host: string, type: 'directory' | 'file', path: string): void {
  const isDirectory = lstatSync(host).isDirectory();
  if (type === 'directory' && !isDirectory) throw failure('ENOTDIR', 'not a directory', path);
  if (type === 'file' && isDirectory) throw failure('EISDIR', 'a directory', path);
}

function failure(code: string, what: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${what}: ${JSON.stringify(path)}`), { code });
}
