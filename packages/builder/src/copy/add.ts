import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, createReadStream, createWriteStream, lstatSync, openSync, readSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CallOptions } from '@shale/core';
import { decompress, hostPath, redactUrl, ShaleError, unpackTar } from '@shale/core';
import { makeDirectoryInTree } from './make-directory.ts';

export interface FetchResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** How an app reaches the network for `ADD https://…`: redirects are its to follow, and to bound. */
export type FetchUrl = (url: string, options: CallOptions) => Promise<FetchResponse>;

/** A source of ADD that could not be fetched, or is not what its checksum says. */
export class AddSourceError extends ShaleError {
  readonly code = 'SOURCE_MISSING';
}

const MAX_DOWNLOAD_BYTES = 16 * 2 ** 30;
const CHECKSUM = /^(sha256|sha384|sha512):([0-9a-f]+)$/;

/** A URL or a repository, which only ADD takes. */
export function isRemoteSource(source: string): boolean {
  return /^https?:\/\//i.test(source) || isGitSource(source);
}

export function isGitSource(source: string): boolean {
  return /^(?:git:\/\/|ssh:\/\/|git@)/.test(source) || /^https?:\/\/[^#?]*\.git(?:[#?].*)?$/i.test(source);
}

/** The file name of a URL: its last part, as BuildKit names it. */
export function urlFileName(url: string): string {
  const name = new URL(url).pathname.split('/').at(-1) ?? '';
  return name === '' ? '__unnamed__' : decodeURIComponent(name).replaceAll('/', '_');
}

export interface Download {
  readonly path: string;
  /** From Last-Modified; the epoch without. */
  readonly modified: Date;
}

/** Fetches a URL to a file and checks it. Nothing is left when it fails. */
export async function download(
  url: string,
  directory: string,
  {
    fetchUrl,
    checksum,
    signal,
  }: CallOptions & { readonly fetchUrl: FetchUrl | undefined; readonly checksum: string | undefined },
): Promise<Download> {
  if (fetchUrl === undefined) throw new AddSourceError(`ADD ${redactUrl(url)}: there is no network access here`);
  const [, algorithm, expected = ''] = checksum === undefined ? [] : (CHECKSUM.exec(checksum) ?? ['', undefined]);
  if (checksum !== undefined && algorithm === undefined)
    throw new AddSourceError(`unsupported checksum ${JSON.stringify(checksum)}`, {
      hint: 'Write sha256:, sha384: or sha512: and hex digits.',
    });
  const { status, headers, body } = await fetchUrl(url, { signal });
  if (status !== 200) throw new AddSourceError(`ADD ${redactUrl(url)}: the server answered ${status}`);
  const hash = createHash(algorithm ?? 'sha256');
  const path = join(directory, 'download');
  await pipeline(measured(body, hash, url), createWriteStream(path, { mode: 0o600 }), { signal });
  const actual = hash.digest();
  if (algorithm !== undefined && !sameBytes(actual, Buffer.from(expected, 'hex'))) {
    throw new AddSourceError(
      `digest mismatch for ${redactUrl(url)}: expected ${checksum}, received ${algorithm}:${actual.toString('hex')}`,
    );
  }
  const modified = headers['last-modified'] === undefined ? Number.NaN : Date.parse(headers['last-modified']);
  return { path, modified: new Date(Number.isNaN(modified) ? 0 : modified) };
}

const sameBytes = (a: Buffer, b: Buffer) => a.byteLength === b.byteLength && timingSafeEqual(a, b);

async function* measured(
  body: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
  url: string,
): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_DOWNLOAD_BYTES)
      throw new AddSourceError(`ADD ${redactUrl(url)}: more than ${MAX_DOWNLOAD_BYTES} bytes`);
    hash.update(chunk);
    yield chunk;
  }
}

type ArchiveFormat = 'tar' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

const MAGIC: readonly (readonly [ArchiveFormat, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
const HEAD_BYTES = 512;

/** What a file is, by its content. Compressed data counts only when a tar is inside. */
export async function archiveFormat(path: string): Promise<ArchiveFormat | undefined> {
  if (!lstatSync(hostPath(path)).isFile()) return undefined;
  const head = readHead(path);
  const format = MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0];
  if (format === undefined) return isTarHeader(head) ? 'tar' : undefined;
  const inner = await firstBytes(openArchive(path, format)).catch(() => Buffer.alloc(0));
  return isTarHeader(inner) ? format : undefined;
}

function readHead(path: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(hostPath(path), 'r');
  try {
    return head.subarray(0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
}

/** The checksum of the first header decides, as for `tar` itself: old archives have no magic. */
function isTarHeader(head: Uint8Array): boolean {
  if (head.byteLength < HEAD_BYTES || head.every((byte) => byte === 0)) return false;
  const sum = head.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  const text = Buffer.from(head.subarray(148, 156))
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trim();
  return /^[0-7]+$/.test(text) && Number.parseInt(text, 8) === sum;
}

async function firstBytes(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for await (const chunk of content) {
    head = Buffer.concat([head, chunk]);
    if (head.byteLength >= HEAD_BYTES) break;
  }
  return head.subarray(0, HEAD_BYTES);
}

function openArchive(path: string, format: ArchiveFormat): AsyncIterable<Uint8Array> {
  const file = createReadStream(hostPath(path), { highWaterMark: 1024 * 1024 });
  if (format === 'bzip2' || format === 'xz') return decompressWith(format, path);
  return format === 'tar' ? file : decompress(file);
}

/** The host's program, from the system's directories: never one of the image being built. */
async function* decompressWith(program: 'bzip2' | 'xz', path: string): AsyncIterable<Uint8Array> {
  const child = spawn(program, ['-dc'], {
    stdio: [openSync(hostPath(path), 'r'), 'pipe', 'ignore'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  ended.catch(() => undefined);
  try {
    yield* child.stdout ?? [];
    if ((await ended) !== 0) throw new AddSourceError(`${program} could not decompress the archive`);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new AddSourceError(`The archive needs ${program}, which is not installed`, {
      cause,
      hint: `Install ${program}, or use gzip or zstd.`,
    });
  } finally {
    child.kill();
  }
}

export interface UnpackArchiveOptions extends CallOptions {
  readonly format: ArchiveFormat;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/** Unpacks an archive into a directory of the tree, which is made when missing. */
export async function unpackInto(
  tree: string,
  destination: string,
  path: string,
  { format, owner, signal }: UnpackArchiveOptions,
): Promise<void> {
  const host = makeDirectoryInTree(tree, destination, { uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, mode: 0o755 });
  await unpackTar(openArchive(path, format), host, { whiteouts: 'plain', owner, signal });
}

/** Gives a download the name under which it lands. */
export async function nameDownload(from: string, name: string): Promise<string> {
  const to = join(from, '..', name);
  await rename(from, to);
  return to;
}
