import {
  type CallOptions,
  type Digest,
  digestAlgorithm,
  digestHex,
  isDigest,
  MAX_MANIFEST_BYTES,
  readBytes,
  verifyBlob,
} from '@shale/core';
import { type ArchiveStore, archiveStore } from './archive-store.ts';
import { checkLayoutFile, findEntry, parseLayoutIndex, tagOf } from './layout-index.ts';
import { readManifestBlob } from './manifest-blob.ts';
import { LayoutInvalidError } from './store-error.ts';
import { TarIndex } from './tar-index.ts';

/**
 * Opens an OCI image layout in a tar, compressed or not, for reading.
 * @throws {LayoutInvalidError} @throws {ArchiveInvalidError}
 */
export async function openLayoutTar(path: string, options?: CallOptions): Promise<ArchiveStore> {
  const files = await TarIndex.open(path, options);
  try {
    checkLayoutFile(await readSmall(files, 'oci-layout'), path);
    const index = parseLayoutIndex(await readSmall(files, 'index.json'), path);
    const locate = (digest: Digest) => `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
    return archiveStore({
      name: `oci-archive:${path}`,
      files,
      locate,
      tags: [...new Set(index.manifests.map(tagOf).filter((tag) => tag !== undefined))],
      async findManifest(tagOrDigest, call) {
        const entry = findEntry(index, tagOrDigest);
        const digest = entry?.digest ?? (isDigest(tagOrDigest) ? tagOrDigest : undefined);
        const size = digest && files.size(locate(digest));
        if (digest === undefined || size === undefined) return undefined;
        const blobs = {
          stat: async () => size,
          read: (blob: { digest: Digest; size: number }) => verifyBlob(blob, files.read(locate(blob.digest), call)),
        };
        return readManifestBlob(blobs, { mediaType: entry?.mediaType ?? '', digest, size }, call);
      },
    });
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

/** @throws {LayoutInvalidError} where it is absent or too large. */
export async function readSmall(
  files: TarIndex,
  name: string,
  limit: number = MAX_MANIFEST_BYTES,
): Promise<Uint8Array> {
  const size = files.size(name);
  if (size === undefined) throw new LayoutInvalidError(`${files.path} has no ${name}`);
  if (size > limit) throw new LayoutInvalidError(`${name} in ${files.path} is larger than ${limit} bytes`);
  return readBytes(files.read(name));
}
