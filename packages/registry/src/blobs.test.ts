import { randomBytes } from 'node:crypto';
import { type Descriptor, parseReference, type ProgressEvent, readBytes, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { type FaultProxy, faultProxy, type FaultRule, startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staticKeychain } from './keychain.ts';
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts';

const MIB = 1024 * 1024;
const BYTES = randomBytes(8 * MIB);
const BLOB: Descriptor = { mediaType: 'application/octet-stream', digest: sha256(BYTES), size: BYTES.byteLength };
const GET_BLOB = { method: 'GET', path: /\/blobs\/sha256/ } as const;
const QUICK: RegistryClientOptions = { retry: { baseDelayMs: 5 }, idleTimeoutMs: 400 };

let registry: TestRegistry;

beforeAll(async () => {
  registry = await startRegistry();
  await using client = createRegistryClient();
  await client.repository(parseReference(`${registry.host}/app`)).put(BLOB, content);
});

afterAll(() => registry[Symbol.asyncDispose]());

async function* content(): AsyncIterable<Uint8Array> {
  yield BYTES;
}

/** A proxy before the registry that has the blob, which breaks what `rules` say. */
async function openBench(rules: readonly FaultRule[] = [], options: RegistryClientOptions = {}) {
  const proxy = await faultProxy(registry.url, rules);
  const client = createRegistryClient({ ...QUICK, ...options });
  const repository = client.repository(parseReference(`${proxy.host}/app`));
  return {
    proxy,
    repository,
    /** Whether the bytes are the blob's: comparing them is quicker than `toEqual`. */
    pull: async (blob: Descriptor = BLOB) => Buffer.from(await readBytes(repository.read(blob))).equals(BYTES),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

const bytesServed = (proxy: FaultProxy) =>
  proxy.requests.filter(({ method }) => method === 'GET').reduce((sum, { responseBytes }) => sum + responseBytes, 0);
const blobGets = (proxy: FaultProxy) =>
  proxy.requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/sha256'));

describe('Repository.read()', () => {
  it('reports the transfer', async () => {
    const events: ProgressEvent[] = [];
    await using bench = await openBench([], { onProgress: (event) => events.push(event) });
    expect(await bench.pull()).toBe(true);
    const transfer = { type: 'transfer', direction: 'pull', digest: BLOB.digest, totalBytes: BLOB.size };
    expect(events.at(-1)).toEqual({ ...transfer, bytes: BLOB.size, done: true });
    expect(events.slice(0, -1).every((event) => event.type === 'transfer' && !event.done)).toBe(true);
  });

  it.each([0.1, 0.5, 0.99])('resumes after a reset at %d of the blob', async (part) => {
    const resetAfterBytes = Math.floor(part * BLOB.size);
    await using bench = await openBench([{ ...GET_BLOB, nth: 1, fault: { resetAfterBytes } }]);
    expect(await bench.pull()).toBe(true);
    expect(bytesServed(bench.proxy)).toBeLessThanOrEqual(1.05 * BLOB.size);
    expect(blobGets(bench.proxy)[1]?.headers.range).toMatch(/^bytes=\d+-$/);
  });

  it('goes on as long as there is progress', async () => {
    await using bench = await openBench([{ ...GET_BLOB, fault: { resetAfterBytes: MIB } }]);
    expect(await bench.pull()).toBe(true);
    expect(bytesServed(bench.proxy)).toBeLessThanOrEqual(1.1 * BLOB.size);
  });

  it('starts again where ranges are ignored, and not for ever', async () => {
    const ignored = { dropRequestHeaders: ['range'] };
    const reset = { resetAfterBytes: 6 * MIB, ...ignored };
    await using bench = await openBench([
      { ...GET_BLOB, nth: [1, 2], fault: reset },
      { ...GET_BLOB, nth: 1, fault: ignored },
    ]);
    expect(await bench.pull()).toBe(true);
    await using hopeless = await openBench([{ ...GET_BLOB, fault: { resetAfterBytes: 7 * MIB, ...ignored } }]);
    await expect(hopeless.pull()).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(blobGets(hopeless.proxy).length).toBeLessThanOrEqual(4);
  });

  it('asks the registry for a new link when the old one is refused', async () => {
    await using bench = await openBench();
    await using storage = await faultProxy(registry.url, [
      { ...GET_BLOB, nth: 1, fault: { resetAfterBytes: 4 * MIB } },
      { ...GET_BLOB, nth: 1, fault: { respond: { status: 403, body: 'Request has expired' } } },
    ]);
    const location = `${storage.url}/v2/app/blobs/${BLOB.digest}`;
    bench.proxy.rules.push({ ...GET_BLOB, fault: { respond: { status: 307, headers: { location } } } });
    expect(await bench.pull()).toBe(true);
    expect(blobGets(bench.proxy)).toHaveLength(3);
    expect(bytesServed(storage)).toBeLessThanOrEqual(1.05 * BLOB.size);
  });

  it.each(['bytes 5-10/20', 'bytes 0-8388607/8388608', 'nonsense', undefined])(
    'does not use a 206 with the Content-Range %s',
    async (range) => {
      await using bench = await openBench([
        { ...GET_BLOB, nth: 1, fault: { resetAfterBytes: 4 * MIB } },
        { ...GET_BLOB, nth: 1, fault: { headers: { 'content-range': range } } },
      ]);
      expect(await bench.pull()).toBe(true);
    },
  );

  it.each([
    ['before the answer', { delayMs: 3000 }],
    ['after the headers', { stallAfterBytes: 0 }],
    ['in the body', { stallAfterBytes: MIB }],
  ])('notices a stall %s', async (_, fault) => {
    await using bench = await openBench([{ ...GET_BLOB, nth: 1, fault }]);
    expect(await bench.pull()).toBe(true);
    expect(bytesServed(bench.proxy)).toBeLessThanOrEqual(1.05 * BLOB.size);
  });

  it('resumes after a body that ended early, or that a header lied about', async () => {
    await using bench = await openBench([
      { ...GET_BLOB, nth: 1, fault: { truncateAfterBytes: 3 * MIB } },
      { ...GET_BLOB, nth: 1, fault: { headers: { 'content-length': undefined }, truncateAfterBytes: 2 * MIB } },
    ]);
    expect(await bench.pull()).toBe(true);
    await using lying = await openBench([{ ...GET_BLOB, fault: { headers: { 'content-length': '7' } } }]);
    await expect(lying.pull()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('refuses a flipped bit', async () => {
    await using bench = await openBench([{ ...GET_BLOB, fault: { flipBitAt: 5 * MIB } }]);
    await expect(bench.pull()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', expected: BLOB.digest });
  });

  it('reads no byte more than the descriptor says', async () => {
    await using bench = await openBench([{ ...GET_BLOB, fault: { headers: { 'content-length': undefined } } }]);
    await expect(bench.pull({ ...BLOB, size: 10 })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      expectedBytes: 10,
    });
    expect(bytesServed(bench.proxy)).toBeLessThan(BLOB.size);
  });

  it('refuses content that is encoded once more', async () => {
    await using bench = await openBench([{ ...GET_BLOB, fault: { headers: { 'content-encoding': 'gzip, gzip' } } }]);
    await expect(bench.pull()).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
    expect(blobGets(bench.proxy)[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each([500, 502, 503, 504, 408, 499, 522])('asks again after %d', async (status) => {
    const respond = { status, headers: { 'content-type': 'text/html' }, body: '<h1>sorry</h1>' };
    await using bench = await openBench([{ ...GET_BLOB, nth: [1, 2], fault: { respond } }]);
    expect(await bench.pull()).toBe(true);
    expect(blobGets(bench.proxy)).toHaveLength(3);
  });

  it('says which URL failed, how, and how often it was asked', async () => {
    await using bench = await openBench([{ ...GET_BLOB, fault: { respond: { status: 500, body: 'broken' } } }]);
    await expect(bench.pull()).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: `GET ${bench.proxy.url}/v2/app/blobs/${BLOB.digest}: 500 Internal Server Error: broken (3 tries)`,
    });
  });

  it.each([
    ['seconds', () => '1'],
    ['a date', () => new Date(Date.now() + 2000).toUTCString()],
  ])('keeps quiet for as long as Retry-After says in %s', async (_, value) => {
    await using bench = await openBench();
    bench.proxy.rules.push({
      path: /\/(blobs|manifests)\//,
      nth: 1,
      fault: { respond: { status: 429, headers: { 'retry-after': value() } } },
    });
    await Promise.all([bench.pull(), bench.repository.headManifest('a')]);
    const refusal = bench.proxy.requests.findIndex(({ status }) => status === 429);
    const [refused, ...later] = bench.proxy.requests.slice(refusal);
    const gaps = later.map(({ atMs }) => atMs - (refused?.atMs ?? 0));
    expect(gaps.filter((gap) => gap < 900).length).toBeLessThanOrEqual(1); // the other was on its way already
  });

  it('waits no longer than the policy allows', async () => {
    const respond = { status: 503, headers: { 'retry-after': '100000' } };
    await using bench = await openBench([{ ...GET_BLOB, nth: 1, fault: { respond } }], {
      retry: { baseDelayMs: 5, maxDelayMs: 50 },
    });
    expect(await bench.pull()).toBe(true);
  });

  it('trips over a rate that is too low', async () => {
    const { ThroughputGuard } = await import('./throughput-guard.ts');
    const trickle = async function* () {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        yield Buffer.alloc(1);
      }
    };
    const read = async () => {
      for await (const chunk of new ThroughputGuard(1024, 100).watch(trickle())) expect(chunk).toHaveLength(1);
    };
    await expect(read()).rejects.toMatchObject({ code: 'ETOOSLOW' });
  });

  it('says that a blob is missing', async () => {
    await using bench = await openBench([{ ...GET_BLOB, fault: { respond: { status: 404 } } }]);
    expect(await bench.repository.stat(BLOB.digest)).toBe(BLOB.size);
    await expect(bench.pull()).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it('stops when it is told to, in the middle too', async () => {
    await using bench = await openBench([{ ...GET_BLOB, fault: { stallAfterBytes: MIB } }], { idleTimeoutMs: 10_000 });
    const controller = new AbortController();
    const reason = new Error('enough');
    let bytes = 0;
    const read = async () => {
      for await (const chunk of bench.repository.read(BLOB, { signal: controller.signal })) {
        bytes += chunk.byteLength;
        if (bytes >= MIB) controller.abort(reason);
      }
    };
    await expect(read()).rejects.toBe(reason);
  });

  it('says when nobody listens', async () => {
    await using client = createRegistryClient(QUICK);
    const failure = client.repository(parseReference('127.0.0.1:1/app')).getManifest('a');
    await expect(failure).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: 'GET 127.0.0.1:1/v2/: connection refused',
      tries: 1,
    });
  });
});

describe('redirects', () => {
  const auth = { user: 'me', password: 'secret' };

  it('leave credentials behind at another origin, and pick none up again there', async () => {
    await using scratch = await openScratchDirectory();
    await using closed = await startRegistry({ auth, storage: scratch.path });
    await using open = await startRegistry({ storage: scratch.path });
    await using storage = await faultProxy(open.url);
    await using proxy = await faultProxy(closed.url);
    const keychain = staticKeychain(proxy.host, { username: 'me', password: 'secret' });
    await using client = createRegistryClient({ ...QUICK, keychain });
    const repository = client.repository(parseReference(`${proxy.host}/app`));
    await repository.put(BLOB, content);
    const location = `${storage.url}/v2/app/blobs/${BLOB.digest}?X-Signature=secret-signature`;
    proxy.rules.push({ ...GET_BLOB, fault: { respond: { status: 307, headers: { location } } } });
    expect(await readBytes(repository.read(BLOB))).toHaveLength(BLOB.size);
    expect(proxy.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
    expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);

    storage.rules.push({
      fault: { respond: { status: 401, headers: { 'www-authenticate': 'Basic realm="storage"' } } },
    });
    const failure = readBytes(repository.read(BLOB));
    await expect(failure).rejects.toMatchObject({ status: 401 });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('secret-signature') });
    expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it.each(['http://169.254.169.254/latest/meta-data', 'http://[fe80::1]/', 'http://0.0.0.0:1/'])(
    'do not lead to %s',
    async (location) => {
      await using bench = await openBench([
        { ...GET_BLOB, fault: { respond: { status: 307, headers: { location } } } },
      ]);
      await expect(bench.pull()).rejects.toMatchObject({
        code: 'REGISTRY_UNREACHABLE',
        message: expect.stringContaining('inside this network'),
      });
    },
  );

  it('end after a few', async () => {
    await using bench = await openBench();
    const location = `/v2/app/blobs/${BLOB.digest}`;
    bench.proxy.rules.push({ ...GET_BLOB, fault: { respond: { status: 307, headers: { location } } } });
    await expect(bench.pull()).rejects.toMatchObject({ code: 'REGISTRY_REFUSED', status: 307 });
    expect(blobGets(bench.proxy).length).toBeLessThan(10);
  });
});
