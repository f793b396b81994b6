import { rm } from 'node:fs/promises';
import {
  blobDirectory,
  type CallOptions,
  type Digest,
  digestAlgorithm,
  DigestMeter,
  type Layer,
  type LocalBlobStore,
} from '@shale/core';
import { decompress } from '@shale/core/archive';
import { quarantineIfDamaged } from '../directory/healing-blobs.ts';
import type { CacheDirectory, EntryFile, ListedEntry } from './list-entries.ts';
import { readEntryFiles } from './list-entries.ts';

export interface VerifyOptions extends CallOptions {
  /** Remove broken entries and put damaged layers aside, so that the next build makes them again. @default true */
  readonly repair?: boolean | undefined;
  /** Called with the number of bytes that were read so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface BrokenEntry {
  readonly path: string;
  readonly problem: 'corrupt-record' | 'missing-layer' | 'corrupt-layer' | 'wrong-diff-id';
  readonly entry?: ListedEntry | undefined;
}

export interface VerifyReport {
  readonly entries: number;
  readonly layers: number;
  readonly checkedBytes: number;
  readonly broken: readonly BrokenEntry[];
}

/**
 * Reads a whole directory cache: checks records, layers against their digests, and their content against the DiffIDs.
 * @example
 * const { broken } = await verifyCache({ root: '/var/cache/shale' });
 */
export async function verifyCache(directory: CacheDirectory, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { root, blobs = blobDirectory(root) } = directory;
  const { repair = true, signal } = options;
  const check = layerCheck(blobs, options);
  const broken: BrokenEntry[] = [];
  let entries = 0;
  for await (const file of readEntryFiles({ root, blobs })) {
    signal?.throwIfAborted();
    entries += 1;
    const problem = await problemOf(file, check.layer);
    if (problem === undefined) continue;
    broken.push({ path: file.path, problem, entry: file.entry });
    if (!repair) continue;
    await rm(file.path, { force: true, recursive: true }).catch(() => undefined); // a read-only cache keeps it
    if (file.entry !== undefined) await quarantineIfDamaged(blobs, file.entry.layer.descriptor.digest, { signal });
  }
  return { entries, layers: check.layers(), checkedBytes: check.bytes(), broken };
}

async function problemOf(
  { entry }: EntryFile,
  checkLayer: (layer: Layer) => Promise<Digest | undefined>,
): Promise<BrokenEntry['problem'] | undefined> {
  if (entry === undefined) return 'corrupt-record';
  if (!entry.isComplete) return 'missing-layer';
  const diffId = await checkLayer(entry.layer);
  if (diffId === undefined) return 'corrupt-layer';
  return diffId === entry.layer.diffId ? undefined : 'wrong-diff-id';
}

/** Reads each layer once, however many entries share it. */
function layerCheck(blobs: LocalBlobStore, { signal, onBytes }: VerifyOptions) {
  const found = new Map<Digest, Digest | undefined>();
  let bytes = 0;

  async function* read({ descriptor }: Layer): AsyncGenerator<Uint8Array> {
    for await (const chunk of blobs.read(descriptor, { signal })) {
      bytes += chunk.byteLength;
      onBytes?.(bytes);
      yield chunk;
    }
  }

  async function diffIdOf(layer: Layer): Promise<Digest | undefined> {
    const meter = new DigestMeter(digestAlgorithm(layer.diffId));
    try {
      for await (const chunk of decompress(read(layer), { maxRatio: Number.POSITIVE_INFINITY })) meter.update(chunk);
      return meter.digest();
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
  }

  return {
    bytes: () => bytes,
    layers: () => found.size,
    async layer(layer: Layer): Promise<Digest | undefined> {
      const { digest } = layer.descriptor;
      if (!found.has(digest)) found.set(digest, await diffIdOf(layer));
      return found.get(digest);
    },
  };
}
