import { createHash, hash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { Digest } from '@shale/core';
import { decodePath, encodePath, hostPath } from '@shale/core';
import type { ContentDigest } from '../step-keys.ts';
import { attributesOf, EMPTY_FINGERPRINT } from './fingerprint.ts';
import type { SourceTree } from './source-tree.ts';
import { below } from './source-tree.ts';
import type { ResolvedSource } from './sources.ts';
import type { WalkEntry } from './walk.ts';
import { walkSource } from './walk.ts';

export interface ContentDigestOptions {
  /** Files keep their owners: those of a stage do, those of a context become root's. */
  readonly keepOwner: boolean;
  /** `--chmod` in octal sets every mode, so that those of the sources do not matter. */
  readonly ignoreMode: boolean;
  /** The rules of `--exclude`. */
  readonly exclude: readonly string[];
}

/** Names remembered for explanations; the digest covers all. */
const MAX_NAMED_FILES = 4096;

/**
 * A digest of what a COPY brings: names as they land, types, modes, owners, link targets, attributes and content. Not
 * times: touching a file changes nothing that a build should notice.
 */
export function contentDigest(
  tree: SourceTree,
  sources: readonly ResolvedSource[],
  options: ContentDigestOptions,
): ContentDigest {
  const total = createHash('sha256');
  const files: { name: string; hash: string }[] = [];
  for (const source of sources) {
    total.update(record('source', [source.isDirectory ? '' : basename(source.name)]));
    const recordOf = new SourceRecords(tree, source, options);
    walkSource(tree, source, options.exclude, (entry) => {
      const text = recordOf.entry(entry);
      total.update(text);
      if (files.length >= MAX_NAMED_FILES || entry.stats.isDirectory()) return;
      const name = entry.path === '' ? source.name : below(source.name, entry.path);
      files.push({ name, hash: hash('sha256', text, 'hex').slice(0, 16) });
    });
  }
  return { digest: `sha256:${total.digest('hex')}` as Digest, files };
}

/** Records that depend on each other: a second name of a file is recorded as a link to the first. */
class SourceRecords {
  readonly #tree: SourceTree;
  readonly #isDirectory: boolean;
  readonly #options: ContentDigestOptions;
  readonly #firstNames = new Map<string, string>();

  constructor(tree: SourceTree, { isDirectory }: ResolvedSource, options: ContentDigestOptions) {
    this.#tree = tree;
    this.#isDirectory = isDirectory;
    this.#options = options;
  }

  entry(entry: WalkEntry): string {
    const { path, host, stats } = entry;
    // of a directory that is copied, only what is in it lands
    if (path === '' && this.#isDirectory) return record('top', []);
    const meta = this.#metadata(entry);
    if (stats.isSymbolicLink()) return record('symlink', [...meta, readTarget(host)]);
    if (stats.isDirectory()) return record(entry.isParent ? 'parent' : 'directory', [...meta, attributesOf(host)]);
    if (stats.isSocket()) return record('file', [...meta, EMPTY_FINGERPRINT]);
    if (!stats.isFile()) return record('special', [...meta, String(stats.mode & FILE_TYPE), String(stats.rdev)]);
    const first = stats.nlink > 1 ? this.#firstName(entry) : undefined;
    if (first !== undefined) return record('hardlink', [...meta, first]);
    return record('file', [...meta, this.#tree.fingerprint(entry.treePath, host, stats)]);
  }

  #metadata({ path, stats }: WalkEntry): readonly string[] {
    const { ignoreMode, keepOwner } = this.#options;
    const mode = ignoreMode ? '' : (stats.mode & 0o7777).toString(8);
    return [path, mode, keepOwner ? `${stats.uid}:${stats.gid}` : ''];
  }

  #firstName({ path, stats: { dev, ino } }: WalkEntry): string | undefined {
    const key = `${dev}:${ino}`;
    const first = this.#firstNames.get(key);
    if (first === undefined) this.#firstNames.set(key, path);
    return first;
  }
}

const FILE_TYPE = 0o170000;

const readTarget = (host: string) => decodePath(readlinkSync(hostPath(host), { encoding: 'buffer' }));

/** Types have a fixed number of fields, and no field holds a NUL: neither do Linux's names. */
function record(type: string, fields: readonly string[]): string {
  const text = `${type}\0${fields.join('\0')}\0\n`;
  // a name that is not UTF-8 must not become the replacement character, which stands for any
  return text.isWellFormed() ? text : `raw\0${encodePath(text).toString('hex')}\0\n`;
}
