import { createHash, timingSafeEqual } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CallOptions } from '@shale/core';
import { redactUrl, ShaleError } from '@shale/core';
import { urlFileName } from './remote-source.ts';

export interface FetchResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Fetches a URL for `ADD https://…`. It must follow redirects, and limit their number. */
export type FetchUrl = (url: string, options: FetchOptions) => Promise<FetchResponse>;

export interface FetchOptions extends CallOptions {
  /** The `Authorization` header. It must not be sent to another host than that of the URL. */
  readonly authorization?: string | undefined;
}

/** A source of ADD cannot be fetched, or does not match its checksum. */
export class AddSourceError extends ShaleError {
  readonly code = 'SOURCE_MISSING';
}

export interface DownloadOptions extends CallOptions {
  readonly fetchUrl: FetchUrl | undefined;
  /** `sha256:`, `sha384:` or `sha512:` and hex digits. */
  readonly checksum?: string | undefined;
  /** @default 16 GiB */
  readonly maxBytes?: number | undefined;
}

/** A downloaded file, in a directory of its own. */
export interface Download {
  readonly directory: string;
  readonly name: string;
  /** Digest of the content, with the algorithm of the checksum, or else sha256. */
  readonly digest: string;
}

const MAX_DOWNLOAD_BYTES = 16 * 2 ** 30;
const CHECKSUM = /^(sha256|sha384|sha512):([0-9a-f]+)$/;
const HEX_DIGITS = { sha256: 64, sha384: 96, sha512: 128 } as const;

/**
 * Downloads a URL to a file below `parent`, as ADD needs it: with mode 0600, the name from the URL, and the time from
 * Last-Modified, or else the epoch.
 * @see https://docs.docker.com/reference/dockerfile/#add
 * @throws {AddSourceError}
 */
export async function download(url: string, parent: string, options: DownloadOptions): Promise<Download> {
  const { checksum, signal } = options;
  const expected = checksum === undefined ? undefined : parseChecksum(checksum);
  const { headers, body } = await openUrl(url, options);
  const algorithm = expected?.algorithm ?? 'sha256';
  const hash = createHash(algorithm);
  const directory = await mkdtemp(join(parent, 'download-'));
  const name = urlFileName(url);
  const path = join(directory, name);
  await pipeline(hashed(body, hash), createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal });
  const actual = hash.digest();
  if (expected !== undefined && !sameBytes(actual, expected.bytes)) {
    throw new AddSourceError(
      `digest mismatch for ${redactUrl(url)}: expected ${checksum}, received ${algorithm}:${actual.toString('hex')}`,
      { hint: 'Check the file, then the checksum in the Dockerfile.' },
    );
  }
  const modified = lastModified(headers['last-modified']);
  await utimes(path, modified, modified);
  return { directory, name, digest: `${algorithm}:${actual.toString('hex')}` };
}

/** A response with the content. Read the body, or call `discard`. */
export interface OpenedUrl extends Pick<FetchResponse, 'headers' | 'body'> {
  discard(): Promise<void>;
}

/** @throws {AddSourceError} for any status other than 200. The body throws it when it is too large. */
export async function openUrl(
  url: string,
  { fetchUrl, maxBytes = MAX_DOWNLOAD_BYTES, signal }: Omit<DownloadOptions, 'checksum'>,
): Promise<OpenedUrl> {
  const shown = redactUrl(url);
  if (fetchUrl === undefined) throw new AddSourceError(`ADD ${shown}: this build has no network access`);
  const { status, headers, body } = await fetchUrl(url, { signal });
  if (status === 200) return { headers, body: limited(body, maxBytes, shown), discard: () => discard(body) };
  await discard(body);
  throw new AddSourceError(`ADD ${shown}: the server answered ${status}`, { hint: 'Check the URL and your access.' });
}

export function parseChecksum(text: string): { readonly algorithm: string; readonly bytes: Buffer } {
  const [, algorithm, hex = ''] = CHECKSUM.exec(text) ?? [];
  if (algorithm !== undefined && hex.length === HEX_DIGITS[algorithm as keyof typeof HEX_DIGITS])
    return { algorithm, bytes: Buffer.from(hex, 'hex') };
  throw new AddSourceError(`unsupported checksum ${JSON.stringify(text)}`, {
    hint: 'Write sha256:, sha384: or sha512: and all hex digits.',
  });
}

const sameBytes = (a: Buffer, b: Buffer) => a.byteLength === b.byteLength && timingSafeEqual(a, b);

function lastModified(header: string | undefined): Date {
  const modified = header === undefined ? Number.NaN : Date.parse(header);
  return new Date(Number.isNaN(modified) ? 0 : modified);
}

/** Releases the connection. */
async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  await body[Symbol.asyncIterator]()
    .return?.()
    .catch(() => undefined);
}

async function* limited(body: AsyncIterable<Uint8Array>, maxBytes: number, shown: string): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new AddSourceError(`ADD ${shown}: more than ${maxBytes} bytes`);
    yield chunk;
  }
}

async function* hashed(
  body: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    hash.update(chunk);
    yield chunk;
  }
}
