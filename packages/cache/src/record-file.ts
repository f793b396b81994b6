import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RawManifest } from '@shale/core';
import {
  DigestMismatchError,
  digestHex,
  flushDirectory,
  MediaType,
  noSpace,
  sha256,
  StoreInvalidError,
} from '@shale/core';
import type { CacheKey } from './cache-key.ts';
import type { CacheScope } from './cache-scope.ts';
import { entryTag } from './cache-scope.ts';

/** Of the files below `v1`. Another format gets another directory, so that versions share a root. */
export const FORMAT_DIRECTORY = 'v1';

const HEADER = /^shale-record (?<digest>sha256:[0-9a-f]{64})\n/;
const HEADER_BYTES = Buffer.byteLength(`shale-record sha256:${'0'.repeat(64)}\n`);

/** `<root>/v1/<first two digits of the key>/<tag>` */
export function recordPath(root: string, key: CacheKey, scope: CacheScope): string {
  return join(root, FORMAT_DIRECTORY, digestHex(key).slice(0, 2), entryTag(key, scope));
}

/** One line that names the manifest's digest, then the manifest: damage to either shows. */
export function formatRecordFile(raw: RawManifest): Buffer {
  return Buffer.concat([Buffer.from(`shale-record ${raw.digest}\n`), raw.bytes]);
}

/** @throws {StoreInvalidError} @throws {DigestMismatchError} when the file is not what was written. */
export function parseRecordFile(content: Buffer): RawManifest {
  const expected = HEADER.exec(content.toString('latin1', 0, HEADER_BYTES))?.groups?.['digest'] as CacheKey | undefined;
  if (expected === undefined) throw new StoreInvalidError('The cache record has no header');
  const bytes = content.subarray(HEADER_BYTES);
  const digest = sha256(bytes);
  if (digest !== expected) throw new DigestMismatchError(expected, digest);
  return { mediaType: MediaType.ociManifest, digest, bytes };
}

export interface PublishOptions {
  /** Whether a file that is there is replaced. Without it, of many writers at once the first one wins. */
  readonly replace: boolean;
}

/**
 * Makes a file visible, whole and flushed.
 * @returns Whether it is the new one that is there now.
 * @throws {NoSpaceError}
 */
export async function publishFile(path: string, content: Uint8Array, { replace }: PublishOptions): Promise<boolean> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true }).catch(noSpace(directory));
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFlushed(temporary, content).catch(noSpace(directory));
    if (replace) await rename(temporary, path);
    else if (!(await linkOnce(temporary, path))) return false;
  } finally {
    await rm(temporary, { force: true });
  }
  await flushDirectory(directory);
  return true;
}

async function writeFlushed(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

const LINKS_UNSUPPORTED = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** `false` when the name is taken. Where the file system has no links, the last of writers at the same instant wins. */
async function linkOnce(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') return false;
    if (!LINKS_UNSUPPORTED.has(code)) throw error;
    await rename(temporary, path);
    return true;
  }
}
