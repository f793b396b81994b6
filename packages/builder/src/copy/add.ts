import { createHash, timingSafeEqual } from 'node:crypto';
import { createReadStream, createWriteStream, lstatSync } from 'node:fs';
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

const HEADER_BYTES = 512;

/** Whether a file is a tar, compressed or not, by its content: other compressed files are copied as they are. */
export async function isArchive(path: string): Promise<boolean> {
  if (!lstatSync(hostPath(path)).isFile()) return false;
  const header = await firstBytes(openArchive(path)).catch(() => Buffer.alloc(0));
  return isTarHeader(header);
}

function openArchive(path: string): AsyncIterable<Uint8Array> {
  return decompress(createReadStream(hostPath(path), { highWaterMark: 1024 * 1024 }));
}

async function firstBytes(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for await (const chunk of content) {
    head = Buffer.concat([head, chunk]);
    if (head.byteLength >= HEADER_BYTES) break;
  }
  return head.subarray(0, HEADER_BYTES);
}

/** The checksum of the first header decides, as for `tar` itself: old archives have no magic. */
function isTarHeader(head: Uint8Array): boolean {
  if (head.byteLength < HEADER_BYTES || head.every((byte) => byte === 0)) return false;
  const sum = head.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  const text = Buffer.from(head.subarray(148, 156))
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trim();
  return /^[0-7]+$/.test(text) && Number.parseInt(text, 8) === sum;
}

export interface UnpackArchiveOptions extends CallOptions {
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/** Unpacks an archive into a directory of the tree, which is made when missing. */
export async function unpackInto(
  tree: string,
  destination: string,
  path: string,
  { owner, signal }: UnpackArchiveOptions,
): Promise<void> {
  const host = makeDirectoryInTree(tree, destination, { uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, mode: 0o755 });
  await unpackTar(openArchive(path), host, { whiteouts: 'plain', owner, signal });
}

/** Gives a download the name under which it lands. */
export async function nameDownload(from: string, name: string): Promise<string> {
  const to = join(from, '..', name);
  await rename(from, to);
  return to;
}
