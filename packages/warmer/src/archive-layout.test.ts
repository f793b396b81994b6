import { Readable } from 'node:stream';
import { type Manifest, MediaType, sha256 } from '@shale/core';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { layOutArchive } from './archive-layout.ts';

const blob = (name: string, size: number) => ({ mediaType: MediaType.ociLayerGzip, digest: sha256(name), size });

function manifestOf(...sizes: readonly number[]): Manifest {
  const layers = sizes.map((size, index) => blob(`layer ${index}`, size));
  return { schemaVersion: 2, mediaType: MediaType.ociManifest, config: blob('config', 700), layers };
}

describe('layOutArchive()', () => {
  it('gives every blob its place in a tar, a repeated layer once', async () => {
    const manifest = manifestOf(1, 512, 513, 0);
    const [first] = manifest.layers;
    const { frame, sizeBytes, blobs } = layOutArchive(
      { ...manifest, layers: [...manifest.layers, first ?? manifest.config] },
      ['a:b'],
    );
    expect(blobs).toHaveLength(5);
    const bytes = Buffer.alloc(sizeBytes);
    for (const part of frame) bytes.set(part.bytes, part.offset);
    const found: [string, number][] = [];
    for await (const entry of Readable.from([bytes]).pipe(extract())) {
      found.push([entry.header.name, entry.header.size ?? 0]);
      entry.resume();
    }
    expect(found.map(([, size]) => size).slice(0, -1)).toEqual([700, 1, 512, 513, 0]);
    expect(found.map(([name]) => name)).toEqual([
      manifest.config.digest,
      ...manifest.layers.map(({ digest }) => `${digest.slice(7)}.tar.gz`),
      'manifest.json',
    ]);
  });

  it('puts blobs at the same places whatever the names, and knows sizes beyond 8 GiB', () => {
    const manifest = manifestOf(9 * 2 ** 30, 5);
    const offsets = layOutArchive(manifest, []).blobs.map(({ offset }) => offset);
    expect(layOutArchive(manifest, ['x:y']).blobs.map(({ offset }) => offset)).toEqual(offsets);
    expect(offsets).toEqual([512, 2048, 2048 + 9 * 2 ** 30 + 512]);
  });
});
