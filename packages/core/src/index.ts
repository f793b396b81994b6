export { blobDirectory, type BlobDirectoryOptions, touchBlob } from './blob-directory.ts';
export {
  type BlobContent,
  type BlobSource,
  type BlobStart,
  type BlobStore,
  type BlobUpload,
  isResumable,
  type LocalBlobStore,
  type PutBlobOptions,
  type ResumableBlobSource,
} from './blob-store.ts';
export type { CallOptions } from './call-options.ts';
export { chainIds } from './chain-id.ts';
export type { Descriptor } from './descriptor.ts';
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
export { EMPTY_DIFF_ID, type Layer } from './layer.ts';
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
export { parseBoolean } from './parse-boolean.ts';
export { formatPlatform, hostPlatform, parsePlatform, type Platform, platformMatches, platformOf } from './platform.ts';
export type { ProgressEvent, ProgressListener, SourcePlace, StepInfo, StepOutcome } from './progress.ts';
export { redactUrl, redactUrls } from './redact.ts';
export { DEFAULT_REGISTRY, formatReference, parseReference, type Reference, referenceTarget } from './reference.ts';
export { hintOf, type Remedies } from './remedies.ts';
export { Resources } from './resources.ts';
export { streamOf } from './stream-of.ts';
export { consumeBlob, readBytes, verifyBlob } from './verify-blob.ts';
