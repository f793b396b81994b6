import { createHash } from 'node:crypto';
import { lstatSync, openSync, closeSync, readdirSync, readFileSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { loadSystemCalls } from '@shale/core/linux';

/** One path of a tree, in comparable form. */
export interface TreeEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'character' | 'block' | 'socket';
  /** Permission bits in octal; absent for symlinks. */
  readonly mode?: string | undefined;
  /** `uid:gid`. */
  readonly owner: string;
  readonly target?: string | undefined;
  /** The content where it is short text, otherwise its digest. */
  readonly content?: string | undefined;
  /** The first path, in order, of the same file. */
  readonly hardLinkOf?: string | undefined;
  readonly device?: string | undefined;
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  /** The modification time in whole seconds. */
  readonly mtime?: number | undefined;
}

/** Entries by path, sorted; the root itself is `.`. */
export type FileTree = ReadonlyMap<string, TreeEntry>;

const INLINE_BYTES = 200;
const CHUNK_BYTES = 1 << 20;
const calls = loadSystemCalls();
const TYPES = {
  0o10: 'file',
  0o4: 'directory',
  0o12: 'symlink',
  0o1: 'fifo',
  0o2: 'character',
  0o6: 'block',
  0o14: 'socket',
} as const;

/** Reads a whole tree. Files that only root may read are missing without root. */
export function readFileTree(root: string): FileTree {
  const tree = new Map<string, TreeEntry>();
  const firstPaths = new Map<string, string>();
  const visit = (path: string): void => {
    const absolute = join(root, path);
    const stats = lstatSync(absolute);
    tree.set(path, describe(absolute, path, stats, firstPaths));
    if (!stats.isDirectory()) return;
    for (const name of readdirSync(absolute).toSorted()) visit(path === '.' ? name : `${path}/${name}`);
  };
  visit('.');
  return tree;
}

function describe(absolute: string, path: string, stats: Stats, firstPaths: Map<string, string>): TreeEntry {
  const type = TYPES[(stats.mode >> 12) as keyof typeof TYPES];
  const identity = `${stats.dev}:${stats.ino}`;
  const first = stats.nlink > 1 && type !== 'directory' ? firstPaths.get(identity) : undefined;
  if (first === undefined) firstPaths.set(identity, path);
  return {
    type,
    ...(type !== 'symlink' && { mode: (stats.mode & 0o7777).toString(8).padStart(4, '0') }),
    owner: `${stats.uid}:${stats.gid}`,
    ...(type === 'symlink' && { target: readlinkSync(absolute) }),
    ...(type === 'file' && { content: contentOf(absolute, stats.size) }),
    ...(first !== undefined && { hardLinkOf: first }),
    ...((type === 'character' || type === 'block') && { device: String(stats.rdev) }),
    ...xattrsOf(absolute),
    mtime: Math.floor(stats.mtimeMs / 1000),
  };
}

function contentOf(path: string, sizeBytes: number): string {
  if (sizeBytes <= INLINE_BYTES) {
    const bytes = readFileSync(path);
    const text = bytes.toString('utf8');
    if (Buffer.from(text).equals(bytes) && !text.includes('\0')) return text;
  }
  return `sha256:${sha256File(path)} (${sizeBytes} bytes)`;
}

function sha256File(path: string): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer))
      hash.update(buffer.subarray(0, count));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

function xattrsOf(path: string): { xattrs?: Record<string, string> } {
  const names = calls?.llistxattr(path).filter((name) => name !== 'security.selinux') ?? [];
  if (calls === undefined || names.length === 0) return {};
  const value = (name: string) => Buffer.from(calls.lgetxattr(path, name) ?? []).toString('hex');
  return { xattrs: Object.fromEntries(names.toSorted().map((name) => [name, value(name)])) };
}

/** Returns a line for each difference: `path: field a → b`. */
export function compareTrees(expected: FileTree, actual: FileTree): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].toSorted();
  return paths.flatMap((path) => compareEntries(path, expected.get(path), actual.get(path)));
}

function compareEntries(path: string, expected: TreeEntry | undefined, actual: TreeEntry | undefined): string[] {
  if (expected === undefined) return [`${path}: unexpected ${actual?.type}`];
  if (actual === undefined) return [`${path}: missing ${expected.type}`];
  const fields = ['type', 'mode', 'owner', 'target', 'content', 'hardLinkOf', 'device', 'xattrs', 'mtime'] as const;
  return fields
    .map((field) => [field, JSON.stringify(expected[field]), JSON.stringify(actual[field])] as const)
    .filter(([, before, after]) => before !== after)
    .map(([field, before, after]) => `${path}: ${field} ${before} → ${after}`);
}
