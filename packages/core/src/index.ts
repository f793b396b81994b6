export { flushDirectory, undefinedIfMissing, writeFileAtomically } from './atomic-file.ts';
export { blobDirectory, touchBlob } from './blob-directory.ts';
export type { BlobContent, BlobSource, BlobStore, BlobUpload, LocalBlobStore, PutBlobOptions } from './blob-store.ts';
export type { CallOptions } from './call-options.ts';
export { chainIds } from './chain-id.ts';
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
export { loadImage } from './load-image.ts';
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
export { noSpace } from './no-space.ts';
export { formatPlatform, hostPlatform, parsePlatform, type Platform, platformMatches } from './platform.ts';
export type { ProgressEvent, ProgressListener, SourcePlace, StepInfo, StepOutcome } from './progress.ts';
export { redactUrl } from './redact.ts';
export { DEFAULT_REGISTRY, formatReference, parseReference, type Reference, referenceTarget } from './reference.ts';
export { openScratchDirectory, type ScratchDirectory } from './scratch-directory.ts';
export { readBytes, verifyBlob } from './verify-blob.ts';
