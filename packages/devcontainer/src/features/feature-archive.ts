import { mkdir, rm } from 'node:fs/promises';
import { type CallOptions, type Digest, DigestMeter, DigestMismatchError } from '@shale/core';
import { type ArchiveLimits, decompress, readTar, unpackTar } from '@shale/core/archive';
import { MAX_JSON_BYTES } from '../configuration/json-document.ts';
import { FeatureInvalidError, FeatureUnavailableError } from './feature-error.ts';
import { METADATA_FILE, parseFeatureMetadata } from './feature-metadata.ts';
import type { FeatureSource } from './feature-source.ts';
import type { FeatureOrigin } from './resolved-feature.ts';

/** Features are scripts of a few KiB; some bring small programs. */
const MAX_ARCHIVE_BYTES = 256 * 1024 * 1024;
const LIMITS: Partial<ArchiveLimits> = { entries: 20_000, depth: 100, contentBytes: 1024 * 1024 * 1024 };

export interface FeatureArchive {
  /** For messages. */
  readonly feature: string;
  /** The compressed or plain tar. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Text of the devcontainer-feature.json in an archive; reads the archive to its end. */
export async function readArchivedMetadata({ feature, content }: FeatureArchive): Promise<string> {
  const pieces: Buffer[] = [];
  let isMetadata = false;
  let bytes = 0;
  await readTar(
    decompress(content, { maxBytes: LIMITS.contentBytes }),
    {
      entry(entry) {
        isMetadata = entry.type === 'file' && entry.path === METADATA_FILE;
      },
      content(piece) {
        if (!isMetadata) return;
        bytes += piece.byteLength;
        if (bytes > MAX_JSON_BYTES) throw new FeatureInvalidError(`${METADATA_FILE} of ${feature} is too large`);
        pieces.push(Buffer.from(piece));
      },
    },
    { limits: LIMITS, endMarker: 'optional' },
  );
  if (pieces.length > 0) return Buffer.concat(pieces).toString('utf8');
  throw new FeatureInvalidError(`${feature} has no ${METADATA_FILE}`);
}

export interface Download {
  readonly content: AsyncIterable<Uint8Array>;
  /** Of the bytes that were read; ask after the end. */
  digest(): Digest;
}

/**
 * Fetches a tarball, and refuses it at its end unless it has the expected digest.
 * @throws {DigestMismatchError} @throws {FeatureUnavailableError}
 */
export function downloadTarball(
  url: string,
  { source, integrity, signal }: CallOptions & { source: FeatureSource; integrity?: Digest | undefined },
): Download {
  const meter = new DigestMeter();
  let digest: Digest | undefined;
  const end = () => (digest ??= meter.digest());
  async function* measured(): AsyncIterable<Uint8Array> {
    for await (const chunk of failing(url, source.download(url, { signal }))) {
      meter.update(chunk);
      if (meter.size > MAX_ARCHIVE_BYTES) throw new FeatureUnavailableError(url, 'it is too large');
      yield chunk;
    }
    if (integrity !== undefined && end() !== integrity) throw new DigestMismatchError(integrity, end());
  }
  return { content: measured(), digest: end };
}

async function* failing(url: string, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* content;
  } catch (cause) {
    throw new FeatureUnavailableError(url, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

export interface UnpackFeatureOptions extends CallOptions {
  readonly source: FeatureSource;
  /** A folder that does not exist yet; removed again when anything fails. */
  readonly destination: string;
}

/**
 * Brings the files of a feature to this machine. A local feature stays where it is.
 * @returns The folder with install.sh.
 * @throws {DigestMismatchError} @throws {ArchiveEscapeError} @throws {ArchiveLimitError} @throws {FeatureUnavailableError}
 */
export async function unpackFeature(origin: FeatureOrigin, options: UnpackFeatureOptions): Promise<string> {
  if (origin.type === 'local') return origin.folder;
  const { destination, source, signal } = options;
  await mkdir(destination, { recursive: true });
  try {
    const content =
      origin.type === 'tarball'
        ? downloadTarball(origin.url, { source, integrity: origin.digest, signal }).content
        : source.repository(origin.reference).read(origin.layer, { signal });
    await unpackTar(decompress(content, { maxBytes: LIMITS.contentBytes }), destination, {
      whiteouts: 'plain',
      endMarker: 'optional',
      limits: LIMITS,
      signal,
    });
    return destination;
  } catch (error) {
    await rm(destination, { recursive: true, force: true });
    throw error;
  }
}

/** Reads and checks the metadata in an archive. */
export async function archivedMetadata(archive: FeatureArchive): Promise<ReturnType<typeof parseFeatureMetadata>> {
  return parseFeatureMetadata(await readArchivedMetadata(archive), archive.feature);
}
