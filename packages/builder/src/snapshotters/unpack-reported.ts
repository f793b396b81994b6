import type { Layer } from '@shale/core';
import type { UnpackLayerOptions, UnpackReport } from '@shale/core/archive';
import { consumeBlob } from '@shale/core';
import { unpackLayer } from '@shale/core/archive';
import type { StackedLayer } from '../graph/layer-stack.ts';
import type { UnpackingOptions } from './snapshotter.ts';
import { boundedWarnings } from '../tree/bounded-warnings.ts';

/** A layer is told of again after this much of its blob, in bytes. */
const REPORT_BYTES = 1024 * 1024;

/** Unpacks a layer into `root` and tells how far it is, and what cannot be kept here. */
export async function unpackReported(
  { layer, blobs }: StackedLayer,
  root: string,
  { onProgress, signal, ...options }: UnpackingOptions & UnpackLayerOptions,
): Promise<UnpackReport> {
  using warnings = boundedWarnings('layer-incomplete', { onProgress });
  return await consumeBlob({ blob: layer.descriptor, blobs, signal }, (content) =>
    unpackLayer(reported(content, layer, onProgress), layer, root, { ...options, signal, onWarning: warnings.warn }),
  );
}

async function* reported(
  content: AsyncIterable<Uint8Array>,
  { descriptor: { digest, size } }: Layer,
  onProgress: UnpackingOptions['onProgress'],
): AsyncIterable<Uint8Array> {
  const transfer = { type: 'transfer', direction: 'unpack', digest, totalBytes: size } as const;
  let [bytes, told] = [0, 0];
  for await (const chunk of content) {
    yield chunk;
    bytes += chunk.byteLength;
    if (bytes - told < REPORT_BYTES) continue;
    told = bytes;
    onProgress?.({ ...transfer, bytes, done: false });
  }
  onProgress?.({ ...transfer, bytes, done: true });
}
