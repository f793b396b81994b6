import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ImageStore, Manifest, RawManifest } from '@shale/core';
import { formatManifest, isIndex, parseManifest, readBytes, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { openLayout } from '@shale/registry';
import { putBytes } from '@shale/testing';
import { madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { describe, expect, it } from 'vitest';
import type { CacheBackend } from './contract/cache-backend.ts';
import type { CacheEvent } from './contract/cache-event.ts';
import { RecordAnnotation } from './records/record-manifest.ts';
import { entryTag, parseEntryTag, parseScope } from './contract/cache-scope.ts';
import { dirCache } from './backends/dir-cache.ts';
import { encodeRecord } from './directory/record-encoding.ts';
import { recordPath } from './directory/record-path.ts';
import type { CacheTrust } from './records/record-policy.ts';
import { checkSignature, keyId, parseSignKey, parseTrustKey } from './records/record-signature.ts';
import { registryCache } from './backends/registry-cache.ts';
import { tieredCache } from './tiers/tiered-cache.ts';

const [OURS, THEIRS, NEXT] = [1, 2, 3].map(() => generateKeyPairSync('ed25519')) as [Pair, Pair, Pair];
type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const KEY = madeKey('a');
const OTHER_KEY = madeKey('b');
const TRUSTING: CacheTrust = { trustKeys: [OURS.publicKey] };
const SIGNING: CacheTrust = { ...TRUSTING, signKey: OURS.privateKey };

/** A cache that somebody else can write to, as a directory and as a store of images. */
interface Place {
  open(trust?: CacheTrust): CacheBackend;
  /** Puts a manifest where the entry of a key is looked for. */
  put(raw: RawManifest, key?: typeof KEY, scope?: string): Promise<void>;
}

async function openPlaces() {
  const scratch = await openScratchDirectory();
  const made = await openMadeEntries();
  const events: CacheEvent[] = [];
  const onEvent = (event: CacheEvent) => void events.push(event);
  const layout: ImageStore = openLayout(join(scratch.path, 'registry'));
  const root = join(scratch.path, 'dir');
  const places: Readonly<Record<'dir' | 'registry', Place>> = {
    dir: {
      open: (trust) => dirCache({ root, trust, onEvent }),
      async put(raw, key = KEY, scope = '') {
        const path = recordPath(root, key, scope);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, encodeRecord(raw));
      },
    },
    registry: {
      open: (trust) => registryCache(layout, { trust, onEvent }),
      put: (raw, key = KEY, scope = '') => layout.putManifest(entryTag(key, scope), raw),
    },
  };
  return {
    ...places,
    layout,
    made,
    events,
    reasons: () => events.map((event) => (event.type === 'untrusted' ? event.reason : event.type)),
    async [Symbol.asyncDispose]() {
      await made[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

function manifestOf(raw: RawManifest | undefined): Manifest {
  const manifest = raw && parseManifest(raw);
  if (manifest === undefined || isIndex(manifest)) throw new Error('no manifest');
  return manifest;
}

const annotated =
  (name: string, value: string) =>
  (manifest: Manifest): Manifest => ({ ...manifest, annotations: { ...manifest.annotations, [name]: value } });

function withLayer(manifest: Manifest, change: Partial<Manifest['layers'][0]>): Manifest {
  return { ...manifest, layers: manifest.layers.map((layer) => ({ ...layer, ...change })) };
}

const without =
  (name: string) =>
  (manifest: Manifest): Manifest => ({
    ...manifest,
    annotations: Object.fromEntries(Object.entries(manifest.annotations ?? {}).filter(([key]) => key !== name)),
  });

/** Each takes an entry that we signed and makes another one of it. */
const POISONS: readonly [string, (manifest: Manifest, evil: Manifest) => Manifest, string][] = [
  ['the signature is taken off', without(RecordAnnotation.signature), 'unsigned'],
  ['the signature is noise', annotated(RecordAnnotation.signature, 'noise'), 'bad-signature'],
  [
    'the signature is zeros',
    annotated(RecordAnnotation.signature, `${keyId(OURS.publicKey)} ${'A'.repeat(86)}==`),
    'bad-signature',
  ],
  [
    'the signature names another key',
    annotated(RecordAnnotation.signature, `${'0'.repeat(16)} ${'A'.repeat(86)}==`),
    'unknown-signer',
  ],
  ['somebody else signed it', (_, evil) => evil, 'unknown-signer'],
  [
    'the signature is of another entry',
    (manifest, evil) =>
      annotated(RecordAnnotation.signature, manifest.annotations?.[RecordAnnotation.signature] ?? '')(evil),
    'bad-signature',
  ],
  ['another layer', (manifest, evil) => ({ ...manifest, layers: evil.layers }), 'bad-signature'],
  [
    'another DiffID',
    (manifest) => withLayer(manifest, { annotations: { [RecordAnnotation.diffId]: sha256('evil') } }),
    'bad-signature',
  ],
  ['another size', (manifest) => withLayer(manifest, { size: 1 }), 'bad-signature'],
  [
    'another media type',
    (manifest) => withLayer(manifest, { mediaType: 'application/vnd.oci.image.layer.v1.tar' }),
    'bad-signature',
  ],
  ['another config', (manifest, evil) => ({ ...manifest, config: evil.config }), 'bad-signature'],
  ['another history', annotated(RecordAnnotation.history, '{"created_by":"RUN good"}'), 'bad-signature'],
  ['a later time', annotated(RecordAnnotation.created, '2099-01-01T00:00:00.000Z'), 'bad-signature'],
  ['another builder', annotated(RecordAnnotation.builder, 'ci-main'), 'bad-signature'],
  ['other inputs', annotated(RecordAnnotation.inputs, '[]'), 'bad-signature'],
  ['another platform', annotated(RecordAnnotation.platform, '{"os":"linux","architecture":"s390x"}'), 'bad-signature'],
  ['one more annotation', annotated('org.example', 'x'), 'bad-signature'],
  ['the key of another step', annotated(RecordAnnotation.key, OTHER_KEY), 'other-key'],
  ['the scope of somebody else', annotated(RecordAnnotation.scope, 'pr/1'), 'other-scope'],
  ['one more layer', (manifest, evil) => ({ ...manifest, layers: [...manifest.layers, ...evil.layers] }), 'unreadable'],
  ['no key', without(RecordAnnotation.key), 'corrupt'],
  ['a later version', annotated(RecordAnnotation.version, '2'), 'unreadable'],
];

describe.for(['dir', 'registry'] as const)('a poisoned %s', (kind) => {
  it.for(POISONS)('serves no entry with %s', async ([, poison, reason]) => {
    await using places = await openPlaces();
    const place = places[kind];
    const cache = place.open(SIGNING);
    await cache.store(KEY, await places.made.entry('good'));
    const good = await cache.lookup(KEY);
    const theirs = place.open({ signKey: THEIRS.privateKey });
    await theirs.store(KEY, await places.made.entry('evil'), { replace: true });
    const evil = await theirs.lookup(KEY);
    await place.put(formatManifest(poison(manifestOf(good?.manifest), manifestOf(evil?.manifest))));
    places.events.length = 0;
    expect(await place.open(TRUSTING).lookup(KEY)).toBeUndefined();
    expect(places.reasons()).toEqual([reason]);
    await cache.store(KEY, await places.made.entry('good'));
    expect((await place.open(TRUSTING).lookup(KEY))?.layer).toEqual(good?.layer);
  });

  it('serves no signed entry under another key', async () => {
    await using places = await openPlaces();
    const place = places[kind];
    const cache = place.open(SIGNING);
    await cache.store(KEY, await places.made.entry('good'));
    await place.put((await cache.lookup(KEY))?.manifest as RawManifest, OTHER_KEY);
    expect(await cache.lookup(OTHER_KEY)).toBeUndefined();
    expect(await place.open().lookup(OTHER_KEY)).toBeUndefined();
    expect(places.reasons()).toEqual(['other-key', 'other-key']);
  });

  it('serves no signed entry of another scope', async () => {
    await using places = await openPlaces();
    const place = places[kind];
    const request = place.open({ ...SIGNING, scope: 'pr/1' });
    await request.store(KEY, await places.made.entry('from a pull request'));
    await place.put((await request.lookup(KEY))?.manifest as RawManifest);
    expect(await place.open(TRUSTING).lookup(KEY)).toBeUndefined();
    expect(places.reasons()).toEqual(['other-scope']);
  });

  it('serves an entry that is formatted anew, as the signature is over what it says', async () => {
    await using places = await openPlaces();
    const place = places[kind];
    const cache = place.open(SIGNING);
    await cache.store(KEY, await places.made.entry('good'));
    const raw = (await cache.lookup(KEY))?.manifest as RawManifest;
    const bytes = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(raw.bytes).toString()), undefined, 2));
    await place.put({ ...raw, bytes, digest: sha256(bytes) });
    expect(await place.open(TRUSTING).lookup(KEY)).toBeDefined();
  });

  it('trusts two keys while one takes over from the other, and only one afterwards', async () => {
    await using places = await openPlaces();
    const place = places[kind];
    await place.open(SIGNING).store(KEY, await places.made.entry('old'));
    const rotating = { trustKeys: [OURS.publicKey, NEXT.publicKey], signKey: NEXT.privateKey };
    await place.open(rotating).store(OTHER_KEY, await places.made.entry('new'));
    expect(await place.open(rotating).lookup(KEY)).toBeDefined();
    expect(await place.open(rotating).lookup(OTHER_KEY)).toBeDefined();
    const rotated = { trustKeys: [NEXT.publicKey], signKey: NEXT.privateKey };
    expect(await place.open(rotated).lookup(KEY)).toBeUndefined();
    expect(await place.open(rotated).lookup(OTHER_KEY)).toBeDefined();
    await place.open(rotated).store(KEY, await places.made.entry('old'));
    expect(await place.open(rotated).lookup(KEY)).toBeDefined();
  });

  it('reads fall from the own scope to the trusted ones, never back', async () => {
    await using places = await openPlaces();
    const place = places[kind];
    const main = place.open({ scope: 'main' });
    const request = place.open({ scope: 'pr/12', trustedScopes: ['main'] });
    const stranger = place.open({ scope: 'pr/13', trustedScopes: ['main'] });
    await main.store(KEY, await places.made.entry('main'));
    await request.store(OTHER_KEY, await places.made.entry('request'));
    expect((await request.lookup(KEY))?.layer).toEqual((await places.made.entry('main')).layer);
    expect(await main.lookup(OTHER_KEY)).toBeUndefined();
    expect(await stranger.lookup(OTHER_KEY)).toBeUndefined();
    expect(await place.open().lookup(KEY)).toBeUndefined();
    await request.store(KEY, await places.made.entry('request'));
    expect((await request.lookup(KEY))?.layer).toEqual((await places.made.entry('request')).layer);
    expect((await main.lookup(KEY))?.layer).toEqual((await places.made.entry('main')).layer);
  });
});

it("a cache that trusts signatures serves no entry of kaniko's", async () => {
  await using places = await openPlaces();
  const image = await putBytes(places.layout, 'application/vnd.oci.image.layer.v1.tar', Buffer.from('x'));
  const config = {
    created: '2026-01-01T00:00:00Z',
    rootfs: { type: 'layers', diff_ids: [sha256('x')] },
    history: [{}],
  };
  const document = await putBytes(
    places.layout,
    'application/vnd.oci.image.config.v1+json',
    Buffer.from(JSON.stringify(config)),
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  await places.registry.put(formatManifest({ schemaVersion: 2, mediaType, config: document, layers: [image] }));
  expect(await places.registry.open().lookup(KEY)).toBeDefined();
  expect(await places.registry.open(TRUSTING).lookup(KEY)).toBeUndefined();
  expect(places.reasons()).toEqual(['unsigned']);
});

it('a job without a key keeps entries of the trusted scope with the signature of who made them', async () => {
  await using places = await openPlaces();
  const main = places.registry.open({ ...SIGNING, scope: 'main' });
  await main.store(KEY, await places.made.entry('good'));
  const trust = { ...TRUSTING, scope: 'pr/1', trustedScopes: ['main'] };
  const near = places.dir.open(trust);
  const cache = tieredCache([near, places.registry.open(trust)]);
  const found = await cache.lookup(KEY);
  await readBytes(found?.blobs.read(found.layer.descriptor) as AsyncIterable<Uint8Array>);
  await cache.drain();
  expect((await near.lookup(KEY))?.manifest?.digest).toBe(found?.manifest?.digest);
  expect(checkSignature(manifestOf(found?.manifest), [OURS.publicKey])).toBeUndefined();
});

it('parseScope() refuses names that could be taken for others', () => {
  for (const scope of ['main', 'pr/12', 'a.b_c/d']) expect(parseScope(scope)).toBe(scope);
  for (const scope of ['', 'pr-12', 'PR', '/a', 'a/', 'a//b', '-', 'a b', '.', 'ä', 'a'.repeat(61)]) {
    expect(() => parseScope(scope), scope).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  }
});

it('entryTag() is a tag that parseEntryTag() reads back', () => {
  for (const scope of ['', 'main', 'pr/12', 'a/b/c', 'a'.repeat(60)]) {
    const tag = entryTag(KEY, scope);
    expect(tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
    expect(parseEntryTag(tag)).toEqual({ key: KEY, scope });
  }
  for (const tag of ['latest', 'v1', `${entryTag(KEY)}.abc.tmp`, '']) expect(parseEntryTag(tag)).toBeUndefined();
});

it('parseSignKey() and parseTrustKey() read PEM, of Ed25519 only, and show no key material', () => {
  const pem = OURS.privateKey.export({ type: 'pkcs8', format: 'pem' });
  expect(parseSignKey(pem).equals(OURS.privateKey)).toBe(true);
  const publicPem = OURS.publicKey.export({ type: 'spki', format: 'pem' });
  expect(keyId(parseTrustKey(publicPem))).toBe(keyId(OURS.publicKey));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaPem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' });
  expect(() => parseSignKey(rsaPem)).toThrow(/Ed25519/);
  expect(() => parseSignKey(pem.slice(0, 60))).toThrow(expect.objectContaining({ code: 'CREDENTIALS_INVALID' }));
  try {
    parseSignKey(pem.replace('MC4', 'XXX'));
  } catch (error) {
    expect(String(error) + String((error as Error).cause)).not.toContain(pem.split('\n')[1]?.slice(10, 30));
  }
});
