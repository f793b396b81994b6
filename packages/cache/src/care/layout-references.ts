import { join } from 'node:path';
import type { CallOptions, Descriptor, Digest, LocalBlobStore } from '@shale/core';
import {
  blobDirectory,
  isIndex,
  isIndexType,
  isManifestType,
  MAX_MANIFEST_BYTES,
  MediaType,
  parseManifest,
  StoreInvalidError,
} from '@shale/core';
import { readRegularFile } from '@shale/core/files';

const MAX_DEPTH = 8;

/** Every blob that the images of an OCI layout need. `prune` must keep them in a shared store. */
export async function* layoutReferences(path: string, options: CallOptions = {}): AsyncGenerator<Digest> {
  const bytes = await readRegularFile(join(path, 'index.json'), { maxBytes: MAX_MANIFEST_BYTES });
  if (bytes === undefined) return;
  const index = parseManifest({ bytes, mediaType: MediaType.ociIndex });
  yield* manifestReferences(blobDirectory(path), isIndex(index) ? index.manifests : [], options);
}

/** The manifests, and every blob that they need, as far as their documents are here. */
export function manifestReferences(
  blobs: LocalBlobStore,
  manifests: readonly Descriptor[],
  { signal }: CallOptions = {},
): AsyncGenerator<Digest> {
  return referencesOf(blobs, manifests, { signal, depth: 0 });
}

interface WalkOptions extends CallOptions {
  readonly depth: number;
}

async function* referencesOf(
  blobs: LocalBlobStore,
  manifests: readonly Descriptor[],
  { depth, signal }: WalkOptions,
): AsyncGenerator<Digest> {
  if (depth > MAX_DEPTH) return;
  for (const { digest, mediaType } of manifests) {
    signal?.throwIfAborted();
    yield digest;
    if (!isManifestType(mediaType) && !isIndexType(mediaType)) continue;
    const bytes = await readDocument(blobs, digest);
    if (bytes === undefined) continue;
    const document = parseManifest({ bytes, mediaType });
    if (isIndex(document)) yield* referencesOf(blobs, document.manifests, { depth: depth + 1, signal });
    else for (const blob of [document.config, ...document.layers]) yield blob.digest;
  }
}

/** A file that is not regular, or too large for a document, counts as missing: no image can be read from it. */
async function readDocument(blobs: LocalBlobStore, digest: Digest): Promise<Uint8Array | undefined> {
  try {
    return await readRegularFile(blobs.pathOf(digest), { maxBytes: MAX_MANIFEST_BYTES });
  } catch (error) {
    if (error instanceof StoreInvalidError) return undefined;
    throw error;
  }
}
