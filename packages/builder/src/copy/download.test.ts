import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamOf } from '@shale/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DownloadOptions, FetchUrl } from './download.ts';
import { download } from './download.ts';
import { isRemoteSource, urlFileName } from './remote-source.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-download-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const CONTENT = 'downloaded';
const checksumOf = (algorithm: string) => `${algorithm}:${createHash(algorithm).update(CONTENT).digest('hex')}`;

const answering =
  (status: number, headers: Record<string, string> = {}): FetchUrl =>
  async () => ({
    status,
    headers,
    body: streamOf(Buffer.from(CONTENT.slice(0, 4)), Buffer.from(CONTENT.slice(4))),
  });

const fetch = (options: Partial<DownloadOptions> = {}, url = 'https://user:hunter2@h/dir/f.bin?token=s3cret') =>
  download(url, scratch, { fetchUrl: answering(200), ...options });

describe('download()', () => {
  it('makes a private file, named by the URL, as old as the server says', async () => {
    const fetchUrl = answering(200, { 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' });
    const { directory, name, digest } = await fetch({ fetchUrl });
    const path = join(directory, name);
    const { mode, mtimeMs } = lstatSync(path);
    expect([name, readFileSync(path, 'utf8'), mode & 0o7777]).toEqual(['f.bin', CONTENT, 0o600]);
    expect([mtimeMs, digest]).toEqual([Date.UTC(2015, 9, 21, 7, 28), checksumOf('sha256')]);
  });

  it.each([{}, { 'last-modified': 'yesterday' }])('is from the epoch when the server says %j', async (headers) => {
    const { directory, name } = await fetch({ fetchUrl: answering(200, headers) });
    expect(lstatSync(join(directory, name)).mtimeMs).toBe(0);
  });

  it.each(['sha256', 'sha384', 'sha512'])('checks %s', async (algorithm) => {
    const checksum = checksumOf(algorithm);
    await expect(fetch({ checksum })).resolves.toMatchObject({ digest: checksum });
    const wrong = `${checksum.slice(0, -1)}${checksum.endsWith('0') ? '1' : '0'}`;
    await expect(fetch({ checksum: wrong })).rejects.toThrow(`expected ${wrong}, received ${checksum}`);
  });

  it.each(['md5:0123', 'sha256:', 'sha256:abc', 'SHA256:' + 'a'.repeat(64), 'x'])(
    'knows no checksum %s',
    async (checksum) => {
      await expect(fetch({ checksum })).rejects.toThrow('unsupported checksum');
    },
  );

  it.each([
    ['another status', { fetchUrl: answering(404) }, 'the server answered 404'],
    ['too many bytes', { maxBytes: CONTENT.length - 1 }, `more than ${CONTENT.length - 1} bytes`],
    ['no network', { fetchUrl: undefined }, 'no network access'],
  ])('fails with %s, and keeps secrets out of the message', async (_case, options, message) => {
    const failure = await fetch(options).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'SOURCE_MISSING', message: expect.stringContaining(message) });
    expect(String(failure)).not.toMatch(/hunter2|s3cret/);
  });

  it('lets go of a body that it does not read', async () => {
    let isClosed = false;
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: Buffer.from('endless') }),
        return: async () => {
          isClosed = true;
          return { done: true as const, value: undefined };
        },
      }),
    };
    await expect(fetch({ fetchUrl: async () => ({ status: 500, headers: {}, body }) })).rejects.toThrow('500');
    expect(isClosed).toBe(true);
    isClosed = false;
    const fetchUrl: FetchUrl = async () => ({ status: 200, headers: {}, body });
    await expect(fetch({ fetchUrl, maxBytes: 1000 })).rejects.toThrow('more than 1000 bytes');
    expect(isClosed).toBe(true);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const fetchUrl: FetchUrl = async () => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from('x');
        controller.abort(new Error('enough'));
        yield Buffer.from('y');
      })(),
    });
    await expect(fetch({ fetchUrl, signal: controller.signal })).rejects.toThrow();
  });
});

describe('urlFileName()', () => {
  it.each([
    ['https://h/a/b.txt?x=/y', 'b.txt'],
    ['https://h/a/', 'a'],
    ['https://h/', '__unnamed__'],
    ['https://h', '__unnamed__'],
    ['https://h/a%20b', 'a b'],
    ['https://h/*%5Bx%5D', '*[x]'],
    ['https://h/a%2Fb', 'b'],
    ['https://h/a%2F..', '__unnamed__'],
    ['https://h/a%2F..%2F..%2Fcanary', 'canary'],
    ['https://h/%00', '__unnamed__'],
    ['https://h/%zz', '__unnamed__'],
  ])('makes of %s the name %s', (url, name) => {
    expect(urlFileName(url)).toBe(name);
  });
});

describe('isRemoteSource()', () => {
  it('takes URLs and repositories, and no other scheme', () => {
    expect(['http://h/x', 'HTTPS://h/x', 'git@h:r', 'ssh://h/r'].every(isRemoteSource)).toBe(true);
    expect(['file:///etc/passwd', 'ftp://h/x', 'data:,x', '/etc/passwd', 'x'].some(isRemoteSource)).toBe(false);
  });
});
