export { addPath, type AddPathOptions, deviceNumbers } from './archive/add-path.ts';
export type { ArchiveEntry, EntryType } from './archive/archive-entry.ts';
export { type ArchiveLimits, DEFAULT_LIMITS } from './archive/archive-limits.ts';
export { directCalls, type FileSystemCalls, fileSystemCalls, spawnedCalls } from './archive/file-system-calls.ts';
export { inheritDirectories, type InheritDirectoriesOptions } from './archive/inherit-directories.ts';
export { decodePath, encodePath, hostPath, readNames } from './archive/path-bytes.ts';
export { type ArchiveVisitor, readTar, type ReadTarOptions } from './archive/tar-reader.ts';
export { type ArchiveSink, type EntryContent, TarWriter } from './archive/tar-writer.ts';
export { ARCHIVE_HEAD_BYTES, isArchive, looksLikeArchive } from './archive/sniff-archive.ts';
export { unpackTar } from './archive/unpack.ts';
export { isKeptXattr, keptXattrs } from './archive/xattr-policy.ts';
export type { UnpackOptions, UnpackReport, WhiteoutMode } from './archive/unpack-options.ts';
export { OPAQUE_MARKER, parseWhiteout, type Whiteout, WHITEOUT_PREFIX } from './archive/whiteout.ts';
export { flushDirectory, undefinedIfMissing, writeFileAtomically } from './atomic-file.ts';
export { blobDirectory, touchBlob } from './blob-directory.ts';
export type {
  BlobContent,
  BlobStart,
  BlobSource,
  BlobStore,
  BlobUpload,
  LocalBlobStore,
  PutBlobOptions,
} from './blob-store.ts';
export type { CallOptions } from './call-options.ts';
export { chainIds } from './chain-id.ts';
export { type CompressedSink, type Compression, type Compressor, compressorFor } from './compression.ts';
export {
  type CompressionAlgorithm,
  decompress,
  type DecompressOptions,
  sniffCompression,
} from './decompression.ts';
export { type Descriptor, parseDescriptor } from './descriptor.ts';
export { type Digest, DigestMeter, digestAlgorithm, digestHex, isDigest, parseDigest, sha256 } from './digest.ts';
export {
  ArchiveEscapeError,
  ArchiveInvalidError,
  ArchiveLimitError,
  BlobMissingError,
  ConfigInvalidError,
  DigestInvalidError,
  DigestMismatchError,
  type ErrorCode,
  ManifestInvalidError,
  ManifestUnsupportedError,
  NoSpaceError,
  PlatformInvalidError,
  PlatformMissingError,
  ReferenceInvalidError,
  ShaleError,
  type ShaleErrorOptions,
  SizeMismatchError,
  StoreInvalidError,
} from './errors.ts';
export type { Image, ImageOrigin, ImageSource, ResolveOptions } from './image.ts';
export {
  type ContainerConfig,
  formatImageConfig,
  type HealthCheck,
  type HistoryEntry,
  type ImageConfig,
  parseImageConfig,
} from './image-config.ts';
export {
  asArray,
  asBoolean,
  asInteger,
  asObject,
  asOptional,
  asSize,
  asString,
  asStringArray,
  asStringMap,
  type JsonObject,
  parseJson,
} from './json.ts';
export { EMPTY_DIFF_ID, type Layer } from './layer.ts';
export { CloneFlag, FileType, LockOperation, MountFlag, ProcessControl, UnmountFlag } from './linux/flags.ts';
export { loadSystemCalls, type MountArguments, type SystemCalls, type SystemPath } from './linux/system-calls.ts';
export { imageOfConfig } from './image-of-config.ts';
export { loadImage } from './load-image.ts';
export { LocatedError } from './located-error.ts';
export {
  describeManifest,
  formatManifest,
  type ImageIndex,
  isIndex,
  type Manifest,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  parseManifest,
} from './manifest.ts';
export type { ImageStore, ManifestSource, ManifestStore, RawManifest } from './manifest-store.ts';
export { isForeignLayerType, isIndexType, isManifestType, MediaType } from './media-type.ts';
export { messageOf } from './message-of.ts';
export { monotonicMs } from './monotonic-time.ts';
export { noSpace } from './no-space.ts';
export { parseBoolean } from './parse-boolean.ts';
export { peek, type PeekedContent } from './peek.ts';
export { formatPlatform, hostPlatform, parsePlatform, type Platform, platformMatches, platformOf } from './platform.ts';
export type { ProgressEvent, ProgressListener, SourcePlace, StepInfo, StepOutcome } from './progress.ts';
export { redactUrl, redactUrls } from './redact.ts';
export { DEFAULT_REGISTRY, formatReference, parseReference, type Reference, referenceTarget } from './reference.ts';
export { Resources } from './resources.ts';
export { openScratchDirectory, type ScratchDirectory } from './scratch-directory.ts';
export { streamOf } from './stream-of.ts';
export { unpackLayer, type UnpackLayerOptions } from './unpack-layer.ts';
export { consumeBlob, readBytes, verifyBlob } from './verify-blob.ts';
export { layerMediaType, writeLayer, type WriteLayerOptions } from './write-layer.ts';
