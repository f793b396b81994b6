import type { BlobSource, Descriptor, Digest } from '@shale/core';
import { BlobMissingError } from '@shale/core';
import type { LayerStack } from '../graph/layer-stack.ts';

/** Reads the blobs of an image: layers from the source of each, config and manifest from memory. */
export function layerBlobs(layers: LayerStack, documents: ReadonlyMap<Digest, Uint8Array>): BlobSource {
  const homes = new Map<Digest, BlobSource>(layers.map(({ layer, blobs }) => [layer.descriptor.digest, blobs]));
  return {
    async stat(digest, options) {
      return documents.get(digest)?.byteLength ?? homes.get(digest)?.stat(digest, options);
    },
    async *read(blob: Descriptor, options) {
      const document = documents.get(blob.digest);
      if (document !== undefined) {
        yield document;
        return;
      }
      const home = homes.get(blob.digest);
      if (home === undefined) throw new BlobMissingError(blob.digest, 'the built image');
      yield* home.read(blob, options);
    },
  };
}
