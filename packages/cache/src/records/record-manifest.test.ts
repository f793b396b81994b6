import { parseImageConfig, sha256 } from '@shale/core';
import { madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { describe, expect, it } from 'vitest';
import type { CacheInput } from '../keys/cache-input.ts';
import { formatCacheRecord, parseCacheRecord, RecordAnnotation } from './record-manifest.ts';

const KEY = madeKey('a');
const CREATED = new Date('2026-02-03T04:05:06.789Z');

describe('formatCacheRecord()', () => {
  it('formatCacheRecord() gives the same bytes for the same entry', async () => {
    await using made = await openMadeEntries();
    const { layer, record } = await made.entry('x', { created: CREATED });
    const [one, two] = [formatCacheRecord(KEY, layer, record), formatCacheRecord(KEY, layer, { ...record })];
    expect(one).toEqual(two);
    const later = formatCacheRecord(KEY, layer, { ...record, created: new Date() });
    expect(later.raw.digest).not.toBe(one.raw.digest);
  });

  it('formatCacheRecord() makes an image whose config fits its one layer', async () => {
    await using made = await openMadeEntries();
    const { layer, record } = await made.entry('x', { created: CREATED });
    const { config, configBytes, raw } = formatCacheRecord(KEY, layer, record, { scope: 'pr/1' });
    expect(parseImageConfig(configBytes)).toMatchObject({
      created: CREATED.toISOString(),
      rootfs: { diff_ids: [layer.diffId] },
      history: [record.history],
    });
    expect(JSON.parse(Buffer.from(raw.bytes).toString())).toMatchObject({
      config,
      layers: [{ ...layer.descriptor, annotations: { 'containerd.io/uncompressed': layer.diffId } }],
      annotations: { 'dev.shale.cache.version': '1', 'dev.shale.cache.key': KEY, 'dev.shale.cache.scope': 'pr/1' },
    });
  });

  it('formatCacheRecord() stays small however many inputs there are', async () => {
    await using made = await openMadeEntries();
    const inputs: CacheInput[] = Array.from({ length: 4000 }, (_, at) => ({
      name: `file:${'directory/'.repeat(at % 9)}${'long name '.repeat(10)}${at}.ts`,
      hash: sha256(String(at)).slice(7, 23),
    }));
    const { layer, record } = await made.entry('x', { inputs: [{ name: 'parent', hash: 'p' }, ...inputs] });
    const { raw } = formatCacheRecord(KEY, layer, record);
    expect(raw.bytes.byteLength).toBeLessThan(40_000);
    const parsed = parseCacheRecord(raw);
    expect(parsed.kind === 'record' && parsed.stored.record.inputs[0]).toEqual({ name: 'parent', hash: 'p' });
  });
});

describe('parseCacheRecord()', () => {
  it('parseCacheRecord() refuses annotations that are broken', async () => {
    await using made = await openMadeEntries();
    const { layer, record } = await made.entry('x');
    const { raw } = formatCacheRecord(KEY, layer, record);
    const broken: readonly [string, string | undefined][] = [
      [RecordAnnotation.created, 'yesterday'],
      [RecordAnnotation.durationMs, 'NaN'],
      [RecordAnnotation.durationMs, '-1'],
      [RecordAnnotation.history, '[]'],
      [RecordAnnotation.history, '{"created_by":1}'],
      [RecordAnnotation.inputs, '{'],
      [RecordAnnotation.inputs, '[1]'],
      [RecordAnnotation.inputs, JSON.stringify(Array.from({ length: 5000 }, () => ['a', 'b']))],
      [RecordAnnotation.platform, '{"os":1}'],
      [RecordAnnotation.key, 'latest'],
      [RecordAnnotation.builder, undefined],
    ];
    for (const [name, value] of broken) {
      const document = JSON.parse(Buffer.from(raw.bytes).toString());
      document.annotations[name] = value;
      const bytes = Buffer.from(JSON.stringify(document));
      expect(() => parseCacheRecord({ ...raw, bytes }), name).toThrow(
        expect.objectContaining({ code: 'MANIFEST_INVALID' }),
      );
    }
  });
});
