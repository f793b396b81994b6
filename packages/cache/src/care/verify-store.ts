import type { BlobSource, CallOptions, ImageStore, Layer } from '@shale/core';
import { DigestMeter, digestAlgorithm } from '@shale/core';
import { decompress } from '@shale/core/archive';
import pLimit from 'p-limit';
import { isBroken } from '../contract/broken-content.ts';
import type { StoreEntry } from './store-entries.ts';
import { readStoreEntries } from './store-entries.ts';

export interface VerifyStoreOptions extends CallOptions {
  /** Read every layer. Without it a layer of the right size counts as valid. @default false */
  readonly download?: boolean | undefined;
}

export interface BrokenStoreEntry {
  readonly entry: StoreEntry;
  readonly problem: 'missing-layer' | 'corrupt-layer' | 'wrong-diff-id';
}

export interface VerifyStoreReport {
  readonly entries: number;
  readonly layers: number;
  readonly checkedBytes: number;
  readonly broken: readonly BrokenStoreEntry[];
}

/** Concurrent checks of layers. */
const CONCURRENCY = 8;

/**
 * Checks that a store of images has the layer of every entry and, with `download`, that no layer is damaged.
 * @throws the errors of the store: a layer that could not be read is not a damaged one.
 */
export async function verifyStore(store: ImageStore, options: VerifyStoreOptions = {}): Promise<VerifyStoreReport> {
  const limit = pLimit(CONCURRENCY);
  const checks = new Map<string, Promise<BrokenStoreEntry['problem'] | undefined>>();
  const found: Promise<BrokenStoreEntry | undefined>[] = [];
  const progress = { bytes: 0 };
  for await (const entry of readStoreEntries(store, options)) {
    const { digest } = entry.stored.layer.descriptor;
    const check = checks.get(digest) ?? limit(() => problemOf(entry, options, progress));
    checks.set(digest, check);
    const finding = check.then((problem) => problem && { entry, problem });
    finding.catch(() => undefined); // thrown below, when all checks have started
    found.push(finding);
  }
  const broken = (await Promise.all(found)).filter((entry) => entry !== undefined);
  return { entries: found.length, layers: checks.size, checkedBytes: progress.bytes, broken };
}

async function problemOf(
  { stored: { layer }, blobs }: StoreEntry,
  options: VerifyStoreOptions,
  progress: { bytes: number },
): Promise<BrokenStoreEntry['problem'] | undefined> {
  const { descriptor, diffId } = layer;
  const size = await blobs.stat(descriptor.digest, options);
  if (size === undefined) return 'missing-layer';
  if (size !== descriptor.size) return 'corrupt-layer';
  if (options.download !== true) return undefined;
  const actual = await diffIdOf(layer, blobs, options);
  progress.bytes += size;
  if (actual === undefined) return 'corrupt-layer';
  return actual === diffId ? undefined : 'wrong-diff-id';
}

/** @returns `undefined` for a layer whose content does not match its digest, or cannot be decompressed. */
async function diffIdOf({ descriptor, diffId }: Layer, blobs: BlobSource, { signal }: CallOptions) {
  const meter = new DigestMeter(digestAlgorithm(diffId));
  let failure: unknown;
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      yield* blobs.read(descriptor, { signal });
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  try {
    for await (const chunk of decompress(read(), { maxRatio: Number.POSITIVE_INFINITY })) meter.update(chunk);
    return meter.digest();
  } catch {
    signal?.throwIfAborted();
    if (failure !== undefined && !isBroken(failure)) throw failure;
    return undefined;
  }
}
