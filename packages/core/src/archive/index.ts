/** Tar archives and layers, in and out: reading, writing, unpacking, compression. @module */
export { addPath, type AddPathOptions, deviceNumbers } from './add-path.ts';
export type { ArchiveEntry, EntryType } from './archive-entry.ts';
export { type ArchiveLimits, DEFAULT_LIMITS } from './archive-limits.ts';
export { type CompressedSink, type Compression, type Compressor, compressorFor } from './compression.ts';
export { type CompressionAlgorithm, decompress, type DecompressOptions, sniffCompression } from './decompression.ts';
export { directCalls, type FileSystemCalls, fileSystemCalls, spawnedCalls } from './file-system-calls.ts';
export { inheritDirectories, type InheritDirectoriesOptions } from './inherit-directories.ts';
export { decodePath, encodePath, hostPath, readNames } from './path-bytes.ts';
export { peek, type PeekedContent } from './peek.ts';
export { ARCHIVE_HEAD_BYTES, isArchive, looksLikeArchive } from './sniff-archive.ts';
export { type ArchiveVisitor, readTar, type ReadTarOptions } from './tar-reader.ts';
export { type ArchiveSink, type EntryContent, TarWriter } from './tar-writer.ts';
export { unpackLayer, type UnpackLayerOptions } from './unpack-layer.ts';
export type { UnpackOptions, UnpackReport, WhiteoutMode } from './unpack-options.ts';
export { unpackTar } from './unpack.ts';
export { OPAQUE_MARKER, parseWhiteout, type Whiteout, WHITEOUT_PREFIX } from './whiteout.ts';
export { writeLayer, type WriteLayerOptions } from './write-layer.ts';
export { isKeptXattr, keptXattrs } from './xattr-policy.ts';
