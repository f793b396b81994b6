import { TarWriter } from './tar-writer.ts';
import type { LocalBlobStore } from '../blob-store.ts';
import type { CallOptions } from '../call-options.ts';
import type { Compression } from './compression.ts';
import { compressorFor } from './compression.ts';
import { DigestMeter } from '../digest.ts';
import type { Layer } from '../layer.ts';
import { MediaType } from '../media-type.ts';

export interface WriteLayerOptions extends CallOptions {
  readonly compression: Compression;
  /** Which family of media types names the layer. @default 'oci' */
  readonly format?: 'oci' | 'docker' | undefined;
}

const MEDIA_TYPES = {
  oci: { none: MediaType.ociLayer, gzip: MediaType.ociLayerGzip, zstd: MediaType.ociLayerZstd },
  docker: { none: MediaType.dockerLayer, gzip: MediaType.dockerLayerGzip, zstd: MediaType.dockerLayerZstd },
} as const;

/** The media type of a layer that is compressed this way. */
export function layerMediaType(algorithm: Compression['algorithm'], format: 'oci' | 'docker' = 'oci'): string {
  return MEDIA_TYPES[format][algorithm];
}

/**
 * Makes a layer in one pass and in flat memory: archive, DiffID, compression, digest, store. When `produce` fails, the
 * store gets nothing. A layer without entries has the DiffID `EMPTY_DIFF_ID`.
 * @param produce Writes the entries; it does not finish the archive.
 * @throws {NoSpaceError}
 * @example
 * const layer = await writeLayer(store, (tar) => addPath(tar, '/srv/app', 'app', { hardLinks: new Map() }), {
 *   compression: { algorithm: 'gzip' },
 * });
 */
export async function writeLayer(
  store: LocalBlobStore,
  produce: (tar: TarWriter) => void | Promise<void>,
  { compression, format = 'oci', signal }: WriteLayerOptions,
): Promise<Layer> {
  await using upload = await store.startUpload({ signal });
  const uncompressed = new DigestMeter();
  const compressor = compressorFor(compression, (chunk) => upload.write(chunk));
  const tar = new TarWriter((chunk) => {
    signal?.throwIfAborted();
    uncompressed.update(chunk);
    return compressor.write(chunk);
  });
  await produce(tar);
  await tar.finish();
  await compressor.end();
  signal?.throwIfAborted();
  const descriptor = await upload.commit(layerMediaType(compression.algorithm, format));
  return { descriptor, diffId: uncompressed.digest() };
}
