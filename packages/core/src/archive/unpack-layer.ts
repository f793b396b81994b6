import { unpackTar } from './unpack.ts';
import type { UnpackOptions, UnpackReport } from './unpack-options.ts';
import { decompress } from './decompression.ts';
import { DigestMeter, digestAlgorithm } from '../digest.ts';
import { DigestMismatchError } from '../errors.ts';
import type { Layer } from '../layer.ts';

export interface UnpackLayerOptions extends UnpackOptions {
  readonly whiteouts: 'apply' | 'overlay';
}

/**
 * Unpacks a layer and checks its DiffID. Use what is in `root` only after this resolved.
 * @param content The layer's blob. Its source verifies its digest, as `BlobSource.read` does. Its size does not
 * bound what is unpacked; `limits.contentBytes` does.
 * @throws {DigestMismatchError} when the bytes are not those that `layer.diffId` names.
 * @throws {ArchiveEscapeError} @throws {ArchiveInvalidError} @throws {ArchiveLimitError} @throws {NoSpaceError}
 */
export async function unpackLayer(
  content: AsyncIterable<Uint8Array>,
  layer: Layer,
  root: string,
  options: UnpackLayerOptions,
): Promise<UnpackReport> {
  const meter = new DigestMeter(digestAlgorithm(layer.diffId));
  const report = await unpackTar(measured(content, meter), root, { endMarker: 'optional', ...options });
  const actual = meter.digest();
  if (actual !== layer.diffId) {
    throw new DigestMismatchError(layer.diffId, actual, {
      hint: 'The image config and the layer do not belong together: pull or build the image again.',
    });
  }
  return report;
}

async function* measured(content: AsyncIterable<Uint8Array>, meter: DigestMeter): AsyncIterable<Uint8Array> {
  // honest layers of zeros reach 1030:1 too
  for await (const chunk of decompress(content, { maxRatio: Number.POSITIVE_INFINITY })) {
    meter.update(chunk);
    yield chunk;
  }
}
