import { randomBytes } from 'node:crypto';
import { type Descriptor, parseReference, readBytes, sha256 } from '@shale/core';
import {
  type FaultProxy,
  faultProxy,
  type FaultRule,
  startRegistry,
  startTokenServer,
  type TestRegistry,
} from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staticKeychain } from './keychain.ts';
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts';

const MIB = 1024 * 1024;
const BYTES = randomBytes(4 * MIB);
const BLOB: Descriptor = { mediaType: 'application/octet-stream', digest: sha256(BYTES), size: BYTES.byteLength };
const QUICK: RegistryClientOptions = { retry: { baseDelayMs: 5 }, idleTimeoutMs: 500, commitTimeoutMs: 1000 };
const COMMIT = { method: 'PUT', path: /\/blobs\/uploads\// } as const;
const PATCH = { method: 'PATCH' } as const;
const IN_CHUNKS = { chunkBytes: MIB };

const content = async function* () {
  for (let at = 0; at < BYTES.byteLength; at += 64 * 1024) yield BYTES.subarray(at, at + 64 * 1024);
};

let registry: TestRegistry;
let repositories = 0;

beforeAll(async () => {
  registry = await startRegistry();
});

afterAll(() => registry[Symbol.asyncDispose]());

/** A repository without the blob, behind a proxy that breaks what `rules` say. */
async function openBench(rules: readonly FaultRule[] = [], options: RegistryClientOptions = {}) {
  repositories += 1;
  const proxy = await faultProxy(registry.url, rules);
  const client = createRegistryClient({ ...QUICK, ...options });
  const repository = client.repository(parseReference(`${proxy.host}/app${repositories}`));
  const direct = client.repository(parseReference(`${registry.host}/app${repositories}`));
  return {
    proxy,
    repository,
    push: () => repository.put(BLOB, content),
    stored: async () => Buffer.from(await readBytes(direct.read(BLOB))).equals(BYTES),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

const bytesSent = (proxy: FaultProxy) => proxy.requests.reduce((sum, { requestBytes }) => sum + requestBytes, 0);
const methods = (proxy: FaultProxy) => proxy.requests.slice(1).map(({ method }) => method);

describe('Repository.put()', () => {
  it('fails when the registry answers another digest than that of the blob', async () => {
    const other = sha256('other');
    await using bench = await openBench([{ ...COMMIT, fault: { headers: { 'docker-content-digest': other } } }]);
    await expect(bench.push()).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: expect.stringContaining(`it answers that it stored ${other} instead of ${BLOB.digest}`),
    });
  });

  it('sends the blob in one request, after a HEAD', async () => {
    await using bench = await openBench();
    await bench.push();
    expect(methods(bench.proxy)).toEqual(['HEAD', 'POST', 'PUT']);
    expect(await bench.stored()).toBe(true);
  });

  it('sends it in parts, each to the latest Location', async () => {
    await using bench = await openBench([], IN_CHUNKS);
    await bench.push();
    expect(methods(bench.proxy)).toEqual(['HEAD', 'POST', 'PATCH', 'PATCH', 'PATCH', 'PATCH', 'PUT']);
    expect(bench.proxy.requests.filter(({ method }) => method === 'PATCH')[1]?.headers['content-range']).toBe(
      '1048576-2097151',
    );
    expect(await bench.stored()).toBe(true);
  });

  it('sends one blob once, however many ask for it', async () => {
    await using bench = await openBench();
    await Promise.all([bench.push(), bench.push(), bench.push()]);
    expect(bytesSent(bench.proxy)).toBe(BLOB.size);
  });

  it('goes on for those who still wait when the first gives up', async () => {
    await using bench = await openBench([{ ...COMMIT, nth: 1, fault: { delayMs: 300 } }]);
    const controller = new AbortController();
    const reason = new Error('enough');
    const first = bench.repository.put(BLOB, content, { signal: controller.signal });
    const second = bench.push();
    setTimeout(() => controller.abort(reason), 100);
    await expect(first).rejects.toBe(reason);
    await second;
    expect(await bench.stored()).toBe(true);
  });

  it.each([500, 502, 503, 504, 408])('starts a new session after %d', async (status) => {
    await using bench = await openBench([{ ...COMMIT, nth: [1, 2], fault: { respond: { status } } }]);
    await bench.push();
    expect(await bench.stored()).toBe(true);
  });

  it('gives up after three tries, and says so', async () => {
    await using bench = await openBench([{ ...COMMIT, fault: { respond: { status: 500 } } }]);
    await expect(bench.push()).rejects.toMatchObject({ code: 'REGISTRY_REFUSED', status: 500, method: 'PUT' });
    expect(bench.proxy.requests.filter(({ method }) => method === 'PUT')).toHaveLength(3);
  });

  it('starts again after a reset in the middle', async () => {
    await using bench = await openBench([{ ...COMMIT, nth: 1, fault: { resetRequestAfterBytes: 2 * MIB } }]);
    await bench.push();
    expect(await bench.stored()).toBe(true);
    expect(bytesSent(bench.proxy)).toBeLessThanOrEqual(2 * BLOB.size);
  });

  it('answers a 401 in the middle of it with a new token', async () => {
    await using tokens = await startTokenServer();
    await using closed = await startRegistry({ token: tokens.issuer });
    const challenge = `Bearer realm="${tokens.issuer.realm}",service="${tokens.issuer.service}"`;
    const refuse = { respond: { status: 401, headers: { 'www-authenticate': challenge } } };
    await using proxy = await faultProxy(closed.url, [{ ...COMMIT, nth: 1, fault: refuse }]);
    await using client = createRegistryClient(QUICK);
    const repository = client.repository(parseReference(`${proxy.host}/app`));
    await repository.put(BLOB, content);
    expect(await repository.stat(BLOB.digest)).toBe(BLOB.size);
    expect(tokens.requests).toHaveLength(3); // to pull, to push, and once more to push
  });

  it('opens a new session when the old one is lost', async () => {
    const lost = { status: 404, body: JSON.stringify({ errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] }) };
    await using bench = await openBench([{ ...PATCH, nth: 2, fault: { respond: lost } }], IN_CHUNKS);
    bench.proxy.rules.push({ method: 'GET', path: /uploads/, nth: 1, fault: { respond: lost } });
    await bench.push();
    expect(await bench.stored()).toBe(true);
    expect(bytesSent(bench.proxy)).toBeLessThanOrEqual(2 * BLOB.size);
  });

  it('asks how far it came when the answer to a part is lost', async () => {
    await using bench = await openBench([{ ...PATCH, nth: 2, fault: { dropResponse: true } }], IN_CHUNKS);
    await bench.push();
    expect(methods(bench.proxy)).toContain('GET');
    expect(bytesSent(bench.proxy)).toBeLessThanOrEqual(2 * BLOB.size);
    expect(await bench.stored()).toBe(true);
  });

  it.each([
    ['slow, then unknown', { delayResponseMs: 200, replaceResponse: { status: 404 } }],
    ['lost', { dropResponse: true }],
    ['too slow', { delayResponseMs: 3000 }],
  ])('sends nothing again when the answer to the commit is %s and the blob is there', async (_, fault) => {
    await using bench = await openBench([{ ...COMMIT, nth: 1, fault }]);
    await bench.push();
    expect(bytesSent(bench.proxy)).toBe(BLOB.size);
    expect(await bench.stored()).toBe(true);
  });

  it('sends it once more when the commit failed and the blob is absent', async () => {
    await using bench = await openBench([{ ...COMMIT, nth: 1, fault: { respond: { status: 404 } } }]);
    await bench.push();
    expect(await bench.stored()).toBe(true);
  });

  it('sends it whole where parts are dropped', async () => {
    const stuck = { status: 201, headers: { range: '0-1048575' } };
    await using bench = await openBench([{ ...PATCH, fault: stuck }], IN_CHUNKS);
    await bench.push();
    expect(methods(bench.proxy).filter((method) => method === 'PATCH').length).toBeLessThanOrEqual(2);
    expect(await bench.stored()).toBe(true);
  });

  it.each([400, 405, 501])('sends it whole where parts are refused with %d', async (status) => {
    await using bench = await openBench([{ ...PATCH, fault: { respond: { status } } }], IN_CHUNKS);
    await bench.push();
    expect(methods(bench.proxy).filter((method) => method === 'PATCH')).toHaveLength(1);
    expect(await bench.stored()).toBe(true);
  });

  it('keeps quiet for as long as Retry-After says', async () => {
    const busy = { respond: { status: 429, headers: { 'retry-after': '1' } } };
    await using bench = await openBench([{ ...COMMIT, nth: 1, fault: busy }]);
    await bench.push();
    const at = bench.proxy.requests.map(({ atMs }) => atMs);
    const commit = bench.proxy.requests.findIndex(({ method }) => method === 'PUT');
    expect((at[commit + 1] ?? 0) - (at[commit] ?? 0)).toBeGreaterThan(900);
    expect(await bench.stored()).toBe(true);
  });

  it('follows a Location that is relative, its query kept', async () => {
    await using bench = await openBench();
    await bench.push();
    const session = bench.proxy.requests.find(({ method }) => method === 'PUT');
    expect(session?.path).toMatch(/\?_state=[^&]+&digest=sha256%3A/);
  });

  it('sends no credentials where a Location leads to another host', async () => {
    await using closed = await startRegistry({ auth: { user: 'me', password: 'pw' } });
    await using elsewhere = await faultProxy(closed.url);
    const location = `${elsewhere.url}/v2/app/blobs/uploads/1?_state=x`;
    await using proxy = await faultProxy(closed.url, [
      { method: 'POST', fault: { respond: { status: 202, headers: { location } } } },
    ]);
    const keychain = staticKeychain(proxy.host, { username: 'me', password: 'pw' });
    await using client = createRegistryClient({ ...QUICK, keychain });
    const repository = client.repository(parseReference(`${proxy.host}/app`));
    await expect(repository.put(BLOB, content)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED', status: 401 });
    expect(elsewhere.requests.length).toBeGreaterThan(0);
    expect(elsewhere.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it.each([
    ['202', { status: 202 }],
    ['401', { status: 401 }],
    ['400', { status: 400 }],
  ])('uploads where a mount is answered with %s', async (_, { status }) => {
    await using bench = await openBench();
    const rule = { method: 'POST', path: /mount=/, nth: 1, fault: { respond: { status } } };
    if (status !== 202) bench.proxy.rules.push(rule);
    await bench.repository.put(BLOB, content, { mountFrom: ['not/there'] });
    expect(await bench.stored()).toBe(true);
    expect(methods(bench.proxy).filter((method) => method === 'POST')).toHaveLength(status === 202 ? 1 : 2);
  });

  it('goes over to parts where a proxy limits the size', async () => {
    const limit = { respond: { status: 413, body: '<h1>413 Request Entity Too Large</h1>' } };
    await using bench = await openBench([{ ...COMMIT, nth: 1, fault: limit }]);
    await bench.push();
    expect(methods(bench.proxy)).toContain('PATCH');
    expect(await bench.stored()).toBe(true);
  });

  it.each([undefined, MIB])('cancels the session when it is stopped (chunkBytes: %s)', async (chunkBytes) => {
    await using bench = await openBench([], { chunkBytes });
    const controller = new AbortController();
    const reason = new Error('enough');
    const onBytes = (bytes: number) => bytes > 2 * MIB && controller.abort(reason);
    await expect(bench.repository.put(BLOB, content, { signal: controller.signal, onBytes })).rejects.toBe(reason);
    expect(methods(bench.proxy)).toContain('DELETE');
    expect(await bench.repository.stat(BLOB.digest)).toBeUndefined();
  });

  it('says what is wrong with a read-only registry', async () => {
    await using closed = await startRegistry({ readOnly: true });
    await using client = createRegistryClient(QUICK);
    const push = client.repository(parseReference(`${closed.host}/app`)).put(BLOB, content);
    await expect(push).rejects.toMatchObject({ code: 'REGISTRY_REFUSED', status: 405 });
  });
});

describe('Repository.putManifest()', () => {
  const bytes = Buffer.from('{}');
  const raw = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha256(bytes), bytes };

  it('is content when an immutable tag names the same manifest', async () => {
    const found = {
      status: 200,
      headers: { 'docker-content-digest': raw.digest, 'content-type': raw.mediaType, 'content-length': '2' },
    };
    await using bench = await openBench([
      {
        method: 'PUT',
        path: /manifests/,
        fault: { respond: { status: 400, body: '{"errors":[{"code":"TAG_INVALID"}]}' } },
      },
      { method: 'HEAD', path: /manifests\/same/, fault: { respond: found } },
    ]);
    await bench.repository.putManifest('same', raw);
    await expect(bench.repository.putManifest('other', raw)).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      replies: [{ code: 'TAG_INVALID' }],
    });
  });
});
