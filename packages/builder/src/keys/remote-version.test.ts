import { describe, expect, it } from 'vitest';
import type { FetchUrl } from '../copy/download.ts';
import { remoteVersion } from './remote-version.ts';

/** A server that says how often it was read to the end. */
function server(headers: Record<string, string>, content = 'content') {
  const seen = { asked: 0, read: 0 };
  const fetchUrl: FetchUrl = async () => {
    seen.asked += 1;
    return {
      status: 200,
      headers,
      body: (async function* () {
        yield Buffer.from(content);
        seen.read += 1;
      })(),
    };
  };
  return { seen, fetchUrl };
}

const URL = 'https://h/f';

describe('remoteVersion()', () => {
  it('asks for nothing when a checksum says what it is', async () => {
    const { seen, fetchUrl } = server({});
    expect(await remoteVersion(URL, { fetchUrl, checksum: 'sha256:0' })).toBe('checksum sha256:0');
    expect(seen.asked).toBe(0);
  });

  it('goes by a strong ETag and the time, without reading the content', async () => {
    const versions = await Promise.all(
      [{ etag: '"1"' }, { etag: '"2"' }, { etag: '"1"', 'last-modified': 'x' }, { etag: '"1"' }].map(
        async (headers) => {
          const { seen, fetchUrl } = server(headers);
          const version = await remoteVersion(URL, { fetchUrl });
          expect(seen.read).toBe(0);
          return version;
        },
      ),
    );
    expect([new Set(versions).size, versions[0] === versions[3]]).toEqual([3, true]);
  });

  it.each([{}, { etag: 'W/"1"' }])('reads the content where the server says %j', async (headers) => {
    const version = (content: string) => remoteVersion(URL, { fetchUrl: server(headers, content).fetchUrl });
    expect(await version('a')).toBe(await version('a'));
    expect(await version('a')).not.toBe(await version('b'));
    const { fetchUrl } = server(headers);
    await expect(remoteVersion(URL, { fetchUrl, maxBytes: 3 })).rejects.toThrow('more than 3 bytes');
  });
});
