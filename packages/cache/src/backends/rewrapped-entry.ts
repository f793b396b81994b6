import type { BlobSource, CallOptions, Layer } from '@shale/core';
import { DigestMeter } from '@shale/core';
import type { CacheEntry } from '../contract/cache-backend.ts';

/** Bytes that decompress to nothing: an empty gzip member, and a skippable zstd frame. */
const NOTHING: Readonly<Record<'gzip' | 'zstd', Uint8Array>> = {
  gzip: Buffer.from('1f8b080000000000000303000000000000000000', 'hex'),
  zstd: Buffer.from('502a4d1800000000', 'hex'),
};

/**
 * The same layer in other bytes, for a registry in which its blob is damaged: a registry that has a blob of that name accepts
 * no new one.
 * @returns `undefined` for a layer that is not compressed.
 */
export async function rewrappedEntry(entry: CacheEntry, options: CallOptions): Promise<CacheEntry | undefined> {
  const { descriptor, diffId } = entry.layer;
  const compression = /(?:gzip|zstd)$/.exec(descriptor.mediaType)?.[0] as keyof typeof NOTHING | undefined;
  if (compression === undefined) return undefined;
  async function* extended(call: CallOptions | undefined): AsyncGenerator<Uint8Array> {
    yield* entry.blobs.read(descriptor, call);
    yield NOTHING[compression as keyof typeof NOTHING];
  }
  const meter = new DigestMeter();
  for await (const chunk of extended(options)) meter.update(chunk);
  const layer: Layer = { descriptor: { ...descriptor, digest: meter.digest(), size: meter.size }, diffId };
  const blobs: BlobSource = {
    stat: async (digest) => (digest === layer.descriptor.digest ? layer.descriptor.size : undefined),
    read: (_, call) => extended(call),
  };
  return { ...entry, layer, blobs, manifest: undefined };
}
