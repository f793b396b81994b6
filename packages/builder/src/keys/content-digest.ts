import { createHash, hash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { FILE_CONTENT_DIGITS } from '@shale/cache/explain';
import type { Digest } from '@shale/core';
import { decodePath, hostPath } from '@shale/core/archive';
import type { ContentDigest } from './step-keys.ts';
import { attributesOf } from '../tree/attributes.ts';
import { EMPTY_FINGERPRINT } from '../tree/fingerprint.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { below } from '../tree/source-tree.ts';
import type { ResolvedSource } from '../copy/sources.ts';
import type { WalkEntry } from '../copy/walk.ts';
import { walkSource } from '../copy/walk.ts';

export interface ContentDigestOptions {
  /** Whether owners count: files of a stage keep theirs, files of a context get root. */
  readonly keepOwner: boolean;
  /** Whether modes count: an octal `--chmod` overrides those of the sources. */
  readonly ignoreMode: boolean;
  /** The rules of `--exclude`. */
  readonly exclude: readonly string[];
}

/** How many names are kept for explanations. The digest covers all files. */
const MAX_NAMED_FILES = 4096;

/**
 * The digest of what a COPY creates: names, types, modes, owners, link targets, attributes and content. Times do not
 * count, so that touching a file does not change the key.
 */
export function contentDigest(
  tree: SourceTree,
  sources: readonly ResolvedSource[],
  options: ContentDigestOptions,
): ContentDigest {
  const total = new TextDigest();
  const files: { name: string; hash: string }[] = [];
  for (const source of sources) {
    total.add(`source\0${source.isDirectory ? '' : basename(source.name)}\0\n`);
    const records = new SourceRecords(tree, source, options);
    for (const entry of walkSource(tree, source, options.exclude)) {
      const record = records.entry(entry);
      total.add(record.text);
      if (files.length >= MAX_NAMED_FILES || entry.stats.isDirectory()) continue;
      const name = entry.path === '' ? source.name : below(source.name, entry.path);
      files.push({ name, hash: namedHash(record) });
    }
  }
  return { digest: total.finish(), files };
}

/** A hash of the content, then of mode and owner, so that an explanation can tell which of them changed. */
function namedHash({ kind, mode, owner }: SourceRecord): string {
  const content = hash('sha256', kind, 'hex').slice(0, FILE_CONTENT_DIGITS);
  const [uid = 0, gid = 0] = owner.split(':').map(Number);
  const attributes = (Number.parseInt(mode || '0', 8) << 4) | ((uid * 7 + gid) & 0xf);
  return `${content}${attributes.toString(16).padStart(4, '0')}`;
}

const FLUSH_LENGTH = 64 * 1024;

/** Hashes many short texts in few calls. Names that are not UTF-8 are hashed as their bytes. */
class TextDigest {
  readonly #hash = createHash('sha256');
  #waiting = '';

  add(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length > FLUSH_LENGTH) this.#flush();
  }

  finish(): Digest {
    this.#flush();
    return `sha256:${this.#hash.digest('hex')}`;
  }

  #flush(): void {
    this.#hash.update(hostPath(this.#waiting));
    this.#waiting = '';
  }
}

interface SourceRecord {
  /** The text that is hashed. */
  readonly text: string;
  /** Its parts: type and content, mode in octal, and owner. */
  readonly kind: string;
  readonly mode: string;
  readonly owner: string;
}

/**
 * Makes one record per entry: a type and its fixed number of fields, separated by NUL, which no name and no link contains.
 * Further names of a file are recorded as links to the first.
 */
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

  entry(entry: WalkEntry): SourceRecord {
    const { path, stats } = entry;
    // COPY of a directory creates only what is in it
    if (path === '' && this.#isDirectory) return { text: 'top\0\n', kind: '', mode: '', owner: '' };
    const mode = this.#options.ignoreMode ? '' : (stats.mode & 0o7777).toString(8);
    const owner = this.#options.keepOwner ? `${stats.uid}:${stats.gid}` : '';
    const kind = this.#kindOf(entry);
    return { text: `${path}\0${mode}\0${owner}\0${kind}\0\n`, kind, mode, owner };
  }

  #kindOf(entry: WalkEntry): string {
    const { host, stats } = entry;
    if (stats.isFile()) return this.#fileKind(entry);
    if (stats.isDirectory()) return `${entry.isParent ? 'parent' : 'directory'}\0${attributesOf(host)}`;
    if (stats.isSymbolicLink()) return `symlink\0${readTarget(host)}`;
    if (stats.isSocket()) return `file\0${EMPTY_FINGERPRINT}`;
    return `special\0${stats.mode & FILE_TYPE}:${stats.rdev}`;
  }

  #fileKind(entry: WalkEntry): string {
    const first = entry.stats.nlink > 1 ? this.#firstName(entry) : undefined;
    if (first !== undefined) return `hardlink\0${first}`;
    return `file\0${this.#tree.fingerprint(entry.treePath, entry.host, entry.stats)}`;
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
