import { formatManifest, MediaType, parseReference, sha256, streamOf } from '@shale/core';
import { type FaultRule, faultProxy, makeImage, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts';

async function openBench(rules: readonly FaultRule[] = [], options: RegistryClientOptions = {}) {
  const registry = await startRegistry();
  const proxy = await faultProxy(registry.url);
  const client = createRegistryClient({ retry: { baseDelayMs: 5 }, ...options });
  const repository = client.repository(parseReference(`${proxy.host}/app`));
  const { manifest } = await makeImage(repository, { layers: [{ a: 'a' }], tag: 'v1' });
  proxy.rules.push(...rules);
  const before = proxy.requests.length;
  return {
    /** Those after the set-up. */
    requests: () => proxy.requests.slice(before),
    repository,
    manifest,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

async function tagsOf(tags: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const tag of tags) found.push(tag);
  return found;
}

const GET = { method: 'GET', path: /manifests/ } as const;
const HEAD = { method: 'HEAD', path: /manifests/ } as const;

describe('Repository.getManifest()', () => {
  it('asks as often as the caller wants, also before anything is known of the host', async () => {
    await using registry = await startRegistry();
    await using proxy = await faultProxy(registry.url, [{ fault: { respond: { status: 500 } } }]);
    await using client = createRegistryClient({ retry: { baseDelayMs: 5 } });
    const repository = client.repository(parseReference(`${proxy.host}/app`), { tries: 1 });
    await expect(repository.getManifest('v1')).rejects.toMatchObject({ status: 500, tries: 1 });
    expect(proxy.requests.map(({ path }) => path)).toEqual(['/v2/', '/v2/app/manifests/v1']);
  });

  it('asks for all four types', async () => {
    await using bench = await openBench();
    await bench.repository.getManifest('v1');
    const { accept } = bench.requests()[0]?.headers ?? {};
    for (const type of ['ociManifest', 'ociIndex', 'dockerManifest', 'dockerManifestList'] as const) {
      expect(accept).toContain(MediaType[type]);
    }
  });

  it.each([
    ['another body than its digest', { replaceResponse: { status: 200, body: '{}' } }],
    ['a false digest header', { headers: { 'docker-content-digest': sha256('other') } }],
  ])('refuses %s', async (_, fault) => {
    await using bench = await openBench([{ ...GET, fault }]);
    const name = 'replaceResponse' in fault ? bench.manifest.digest : 'v1';
    await expect(bench.repository.getManifest(name)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('reads no more than a manifest may have', async () => {
    const body = Buffer.alloc(6 * 1024 * 1024, ' ');
    await using bench = await openBench([{ ...GET, fault: { replaceResponse: { status: 200, body } } }]);
    await expect(bench.repository.getManifest('v1')).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  it.each(['../../other/manifests/v1', 'a/b', 'a?b', '', 'sha256:../../x', 'x'.repeat(129)])(
    'sends nothing for the name %j',
    async (name) => {
      await using bench = await openBench();
      await expect(bench.repository.getManifest(name)).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
      expect(bench.requests()).toEqual([]);
    },
  );

  it('takes the type from the document where the header is vague', async () => {
    await using bench = await openBench([{ ...GET, fault: { headers: { 'content-type': 'application/json' } } }]);
    expect((await bench.repository.getManifest('v1'))?.mediaType).toBe(MediaType.ociManifest);
  });

  it('leaves out the parameters of a type', async () => {
    const type = `${MediaType.ociManifest}; charset=utf-8`;
    await using bench = await openBench([{ ...GET, fault: { headers: { 'content-type': type } } }]);
    expect((await bench.repository.getManifest('v1'))?.mediaType).toBe(MediaType.ociManifest);
  });

  it.each([401, 403])('says that it was answered %d, and not that it is absent', async (status) => {
    await using bench = await openBench([{ ...GET, fault: { respond: { status } } }]);
    await expect(bench.repository.getManifest('v1')).rejects.toMatchObject({ code: 'REGISTRY_REFUSED', status });
  });

  it('passes a warning of the registry on, once', async () => {
    const warnings: string[] = [];
    await using bench = await openBench(
      [{ ...GET, fault: { headers: { warning: '299 - "this registry closes in May"' } } }],
      { onProgress: (event) => event.type === 'warning' && warnings.push(event.message) },
    );
    await bench.repository.getManifest('v1');
    await bench.repository.getManifest('v1');
    expect(warnings).toEqual([expect.stringContaining('says: this registry closes in May')]);
  });
});

describe('Repository.headManifest()', () => {
  it('is one HEAD', async () => {
    await using bench = await openBench();
    const { mediaType, digest, bytes } = bench.manifest;
    expect(await bench.repository.headManifest('v1')).toEqual({ mediaType, digest, size: bytes.byteLength });
    expect(bench.requests().map(({ method }) => method)).toEqual(['HEAD']);
  });

  it.each([
    ['no digest', { headers: { 'docker-content-digest': undefined } }],
    ['a malformed digest', { headers: { 'docker-content-digest': 'sha256:../../x' } }],
    ['no type', { headers: { 'content-type': undefined } }],
    ['405', { respond: { status: 405 } }],
  ])('asks for the manifest itself after a HEAD with %s', async (_, fault) => {
    await using bench = await openBench([{ ...HEAD, fault }]);
    expect((await bench.repository.headManifest('v1'))?.digest).toBe(bench.manifest.digest);
  });
});

describe('Repository.deleteManifest()', () => {
  it('says what a registry without deletion answers', async () => {
    await using registry = await startRegistry({ delete: false });
    await using client = createRegistryClient();
    const repository = client.repository(parseReference(`${registry.host}/app`));
    const { manifest } = await makeImage(repository, { layers: [{ a: 'a' }] });
    await expect(repository.deleteManifest(manifest.digest)).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      status: 405,
      hint: expect.stringContaining('deletion turned off'),
    });
  });
});

describe('Repository.listTags()', () => {
  const TAGS = { path: /tags\/list/ } as const;
  const page = (tags: readonly string[], link?: string) => ({
    respond: {
      status: 200,
      body: JSON.stringify({ name: 'app', tags }),
      ...(link !== undefined && { headers: { link } }),
    },
  });

  it('follows the pages', async () => {
    await using bench = await openBench([
      { ...TAGS, nth: 1, fault: page(['a', 'b'], '</v2/app/tags/list?n=2&last=b>; rel="next"') },
      { ...TAGS, nth: 1, fault: page(['c']) },
    ]);
    expect(await tagsOf(bench.repository.listTags())).toEqual(['a', 'b', 'c']);
    expect(bench.requests().map(({ path }) => path)).toEqual([
      '/v2/app/tags/list?n=1000',
      '/v2/app/tags/list?n=2&last=b',
    ]);
  });

  it('does not go on at another host', async () => {
    await using bench = await openBench([{ ...TAGS, fault: page(['a'], '<http://169.254.169.254/>; rel="next"') }]);
    await expect(tagsOf(bench.repository.listTags())).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  it('does not go round in a loop', async () => {
    await using bench = await openBench([{ ...TAGS, fault: page(['a'], '</v2/app/tags/list?last=a>; rel="next"') }]);
    expect((await tagsOf(bench.repository.listTags())).length).toBeLessThan(5);
  });

  it.each(['{"tags": "a"}', '{"tags": [1]}', '[]', 'x'])('refuses %s', async (body) => {
    await using bench = await openBench([{ ...TAGS, fault: { respond: { status: 200, body } } }]);
    await expect(tagsOf(bench.repository.listTags())).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  it('takes null for no tags', async () => {
    await using bench = await openBench([{ ...TAGS, fault: { respond: { status: 200, body: '{"tags": null}' } } }]);
    expect(await tagsOf(bench.repository.listTags())).toEqual([]);
  });
});

describe('Repository.putManifest()', () => {
  it('fails when the registry answers another digest than that of the manifest', async () => {
    const other = sha256('other');
    const fault = { headers: { 'docker-content-digest': other } };
    await using bench = await openBench([{ method: 'PUT', path: /manifests\/v2/, fault }]);
    await expect(bench.repository.putManifest('v2', bench.manifest)).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: expect.stringContaining(`it answers that it stored ${other} instead of ${bench.manifest.digest}`),
    });
  });

  it('keeps a manifest that a subject refers to', async () => {
    await using bench = await openBench();
    const subject = { mediaType: MediaType.ociManifest, digest: bench.manifest.digest, size: 1 };
    const config = { mediaType: MediaType.ociEmpty, digest: sha256('{}'), size: 2 };
    await bench.repository.put(config, () => streamOf(Buffer.from('{}')));
    const raw = formatManifest({ schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [], subject });
    await bench.repository.putManifest(raw.digest, raw);
    expect((await bench.repository.getManifest(raw.digest))?.digest).toBe(raw.digest);
  });
});
