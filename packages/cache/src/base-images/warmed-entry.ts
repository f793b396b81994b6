import type { FileHandle } from 'node:fs/promises';
import { lstat } from 'node:fs/promises';
import type { BlobSource, CallOptions, Descriptor, Digest, RawManifest } from '@shale/core';
import {
  blobDirectory,
  BlobMissingError,
  digestHex,
  MAX_MANIFEST_BYTES,
  MediaType,
  sha256,
  StoreInvalidError,
  verifyBlob,
} from '@shale/core';
import { openRegularFile, readRegularFile, type RegularFile, undefinedIfMissing } from '@shale/core/files';
import { asObject, parseJson } from '@shale/core/json';
import type { Extent } from './tar-extents.ts';
import { readTarExtents } from './tar-extents.ts';
import type { WarmedPaths } from './warmed-format.ts';

/** A manifest in the directory, and the blobs of its image. */
export interface WarmedEntry {
  readonly raw: RawManifest;
  readonly blobs: BlobSource;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Opens the image with this manifest digest: a tar with its manifest beside it, or an OCI image layout.
 * @throws {StoreInvalidError} when it is neither.
 */
export async function openWarmedEntry(paths: WarmedPaths, digest: Digest): Promise<WarmedEntry | undefined> {
  const path = paths.entry(digest);
  const found = await lstat(path).catch(undefinedIfMissing);
  if (found === undefined) return undefined;
  if (found.isDirectory()) return openLayoutEntry(path, digest);
  const raw = await readDocument(paths.manifest(digest), digest);
  return raw && { raw, blobs: tarBlobs(path) };
}

/** Reads an index that a warmer kept. */
export async function readWarmedIndex(paths: WarmedPaths, digest: Digest): Promise<RawManifest | undefined> {
  return readDocument(paths.index(digest), digest);
}

async function openLayoutEntry(path: string, digest: Digest): Promise<WarmedEntry | undefined> {
  const blobs = blobDirectory(path);
  const raw = await readDocument(blobs.pathOf(digest), digest);
  return raw && { raw, blobs };
}

/** @throws {StoreInvalidError} when the content does not match the digest. */
async function readDocument(path: string, digest: Digest): Promise<RawManifest | undefined> {
  const fail = (message: string) => new StoreInvalidError(`${path}: ${message}`);
  const bytes = await readRegularFile(path, { maxBytes: MAX_MANIFEST_BYTES });
  if (bytes === undefined) return undefined;
  if (sha256(bytes) !== digest) throw fail('its content does not match its name');
  return { mediaType: mediaTypeOf(bytes, fail), digest, bytes };
}

/** OCI allows documents without a media type. */
function mediaTypeOf(bytes: Buffer, fail: (message: string) => Error): string {
  const document = asObject(parseJson(bytes, 'manifest', fail), 'manifest', fail);
  if (typeof document['mediaType'] === 'string') return document['mediaType'];
  return 'manifests' in document ? MediaType.ociIndex : MediaType.ociManifest;
}

interface IndexedTar {
  /** Identifies the file that was indexed: another file may have replaced it. */
  readonly identity: string;
  readonly extents: Promise<ReadonlyMap<string, Extent>>;
}

/** Reads blobs from the tar without extracting it. A read ends in the file in which it began, even if that is replaced. */
function tarBlobs(path: string): BlobSource {
  let indexed: IndexedTar | undefined;

  const locate = async ({ file, stats }: RegularFile, digest: Digest): Promise<Extent | undefined> => {
    const { dev, ino, size, mtimeMs } = stats;
    const identity = [dev, ino, size, mtimeMs].join(':');
    if (indexed?.identity !== identity) indexed = { identity, extents: readTarExtents(file) };
    const extents = await indexed.extents;
    const hex = digestHex(digest);
    return [digest, `${hex}.tar.gz`, `blobs/sha256/${hex}`].map((name) => extents.get(name)).find(Boolean);
  };

  async function* readFrom(file: FileHandle, { offset, size }: Extent, call?: CallOptions): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < size; ) {
      call?.signal?.throwIfAborted();
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, offset + at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  return {
    async stat(digest) {
      await using opened = await openRegularFile(path);
      return opened && (await locate(opened, digest))?.size;
    },
    async *read(blob: Descriptor, call) {
      await using opened = await openRegularFile(path);
      const extent = opened && (await locate(opened, blob.digest));
      if (opened === undefined || extent === undefined) throw new BlobMissingError(blob.digest, path);
      yield* verifyBlob(blob, readFrom(opened.file, extent, call));
    },
  };
}
