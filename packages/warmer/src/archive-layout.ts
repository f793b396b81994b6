import type { Descriptor, Digest, Manifest } from '@shale/core';
import { digestHex } from '@shale/core';

const BLOCK_BYTES = 512;

/** A blob of the image, and its place in the archive. */
export interface PlacedBlob {
  readonly blob: Descriptor;
  /** The offset in bytes from the start of the archive. */
  readonly offset: number;
}

/** The place of everything in a warmed archive. A manifest states every size, so that places are known before any download. */
export interface ArchiveLayout {
  /** The config, then each layer once, from the base to the top. */
  readonly blobs: readonly PlacedBlob[];
  /** Headers, padding and `manifest.json`: everything that does not come from the registry. */
  readonly frame: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  readonly sizeBytes: number;
}

/**
 * Lays out a tar as kaniko's warmer writes it: the config as `sha256:<hex>`, and layers as `<hex>.tar.gz` whatever their
 * compression is. `manifest.json` comes last, so that the place of a blob does not depend on `names`.
 * @see https://github.com/google/go-containerregistry/blob/v0.20.2/pkg/v1/tarball/write.go
 */
export function layOutArchive(manifest: Manifest, names: readonly string[]): ArchiveLayout {
  const frame: { offset: number; bytes: Uint8Array }[] = [];
  let end = 0;
  const place = (name: string, size: number): number => {
    frame.push({ offset: end, bytes: tarHeader(name, size) });
    const offset = end + BLOCK_BYTES;
    end = offset + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    return offset;
  };
  const config = { blob: manifest.config, offset: place(manifest.config.digest, manifest.config.size) };
  const layers = distinct(manifest.layers).map((blob) => ({ blob, offset: place(layerName(blob.digest), blob.size) }));
  const listing = Buffer.from(
    JSON.stringify([
      {
        Config: manifest.config.digest,
        RepoTags: names,
        Layers: manifest.layers.map(({ digest }) => layerName(digest)),
      },
    ]),
  );
  frame.push({ offset: place('manifest.json', listing.byteLength), bytes: listing });
  // The two empty blocks at the end of a tar, and the padding between entries, are holes in the file.
  return { blobs: [config, ...layers], frame, sizeBytes: end + 2 * BLOCK_BYTES };
}

function layerName(digest: Digest): string {
  return `${digestHex(digest)}.tar.gz`;
}

function distinct(blobs: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

/** @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06 */
function tarHeader(name: string, size: number): Uint8Array {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0, 100, 'latin1');
  header.write(['0000644', '0000000', '0000000', ''].join('\0'), 100, 'latin1');
  writeSize(header, size);
  header.write(`00000000000\0${' '.repeat(8)}0`, 136, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** Eleven octal digits suffice below 8 GiB. A larger size is a binary number with its top bit set. */
function writeSize(header: Buffer, size: number): void {
  if (size < 8 ** 11) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
}
