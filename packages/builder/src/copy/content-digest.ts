import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { Digest } from '@shale/core';
import { decodePath, fileSystemCalls, hostPath, keptXattrs } from '@shale/core';
import type { ContentDigest } from '../step-keys.ts';
import type { SourceTree } from './source-tree.ts';
import type { ResolvedSource } from './sources.ts';
import { excluder } from './sources.ts';
import type { WalkEntry } from './walk.ts';
import { walkSource } from './walk.ts';

export interface ContentDigestOptions {
  /** Files keep their owners: those of a stage do, those of a context become root's. */
  readonly keepOwner: boolean;
  /** `--chmod` in octal sets every mode, so that those of the sources do not matter. */
  readonly ignoreMode: boolean;
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
  const hash = createHash('sha256');
  const files: { name: string; hash: string }[] = [];
  const exclude = excluder(options.exclude);
  for (const source of sources) {
    const top = source.landing ?? (source.isDirectory ? '' : basename(source.path));
    hash.update(`source\0${top}\0`);
    walkSource(tree, source, exclude, (entry) => {
      const line = describe(tree, source, entry, options);
      hash.update(line);
      if (files.length < MAX_NAMED_FILES) files.push({ name: join(source.path, entry.path), hash: shortHash(line) });
    });
  }
  return { digest: `sha256:${hash.digest('hex')}` as Digest, files };
}

const join = (left: string, right: string) => [left, right].filter((part) => part !== '').join('/') || '.';
const shortHash = (line: string) => createHash('sha256').update(line).digest('hex').slice(0, 16);

/** One framed line an entry. The mode and owner of a source directory itself do not land, so that they do not count. */
function describe(
  tree: SourceTree,
  source: ResolvedSource,
  { path, host, stats }: WalkEntry,
  options: ContentDigestOptions,
): string {
  const isTop = path === '' && source.isDirectory && source.landing === undefined;
  if (isTop) return 'top\0';
  const mode = options.ignoreMode ? '' : (stats.mode & 0o7777).toString(8);
  const owner = options.keepOwner ? `${stats.uid}:${stats.gid}` : '';
  const meta = [frame(path), mode, owner];
  if (stats.isSymbolicLink()) return line('link', [...meta, frame(readTarget(host))]);
  const attributes = xattrText(host);
  if (stats.isDirectory()) return line('directory', [...meta, attributes]);
  if (stats.isFile()) return line('file', [...meta, attributes, String(stats.size), tree.hashFile(host, stats)]);
  return line('special', [...meta, String(stats.mode & 0o170000), String(stats.rdev)]);
}

const line = (type: string, fields: readonly string[]) => `${type}\0${fields.join('\0')}\0\n`;
const frame = (text: string) => `${text.length}:${text}`;
const readTarget = (host: string) => decodePath(readlinkSync(hostPath(host), { encoding: 'buffer' }));

function xattrText(host: string): string {
  const found = fileSystemCalls().getXattrs(hostPath(host));
  if (found.size === 0) return '';
  return keptXattrs(found)
    .map(([name, value]) => `${name}=${Buffer.from(value).toString('base64')}`)
    .toSorted()
    .join(',');
}
