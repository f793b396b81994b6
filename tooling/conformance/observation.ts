import type { FileTree, TreeEntry } from '../src/file-tree.ts';
import { CONTEXT_MTIME } from './case-context.ts';

/** The result of a build, without the parts that differ between builders. */
export interface Observation {
  /** Entries that differ from the base image; `null` for removed ones. */
  readonly tree: Readonly<Record<string, ObservedEntry | null>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly ObservedHistory[];
}

/** Times are comparable only where they come from the context. */
export type ObservedEntry = Omit<TreeEntry, 'mtime'> & { readonly keepsTime?: true };

export interface ObservedHistory {
  readonly createdBy: string;
  readonly layer: boolean;
}

/** The parts of an image config that this looks at; field names are the wire's. */
export interface RawConfig {
  readonly author?: string;
  readonly architecture?: string;
  readonly os?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
}

/** Describes a build's result against the base image that most cases start from. */
export function observe(tree: FileTree, raw: RawConfig, base: FileTree): Observation {
  const start: FileTree = sharesFiles(tree, base) ? base : new Map();
  return { tree: changesOf(tree, start), config: observeConfig(raw), history: observeHistory(raw) };
}

function sharesFiles(tree: FileTree, base: FileTree): boolean {
  const marker = 'bin/busybox';
  return tree.get(marker)?.content !== undefined && tree.get(marker)?.content === base.get(marker)?.content;
}

function changesOf(tree: FileTree, base: FileTree): Record<string, ObservedEntry | null> {
  const changes: Record<string, ObservedEntry | null> = {};
  for (const path of [...new Set([...base.keys(), ...tree.keys()])].toSorted()) {
    const entry = tree.get(path);
    const known = base.get(path);
    if (entry === undefined) {
      if (!(parentOf(path) in changes && changes[parentOf(path)] === null)) changes[path] = null;
    } else if (known === undefined || JSON.stringify(strip(entry)) !== JSON.stringify(strip(known))) {
      changes[path] = strip(entry);
    }
  }
  return changes;
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
}

function strip({ mtime, ...entry }: TreeEntry): ObservedEntry {
  return { ...entry, ...(mtime === CONTEXT_MTIME && { keepsTime: true as const }) };
}

/** Fields that depend on the machine, or that older docker versions write empty. */
const IGNORED = new Set([
  'Hostname',
  'Domainname',
  'Image',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Tty',
  'OpenStdin',
  'StdinOnce',
]);

function observeConfig({ author, architecture, os, config = {} }: RawConfig): Record<string, unknown> {
  const kept = Object.entries(config).filter(([name, value]) => !IGNORED.has(name) && !isEmpty(value));
  return {
    ...(author && { author }),
    architecture,
    os,
    ...Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function observeHistory({ history = [] }: RawConfig): ObservedHistory[] {
  return history.map((entry) => ({ createdBy: entry.created_by ?? '', layer: entry.empty_layer !== true }));
}
