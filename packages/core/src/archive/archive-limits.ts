/** Bounds on untrusted archives. Exceeding one throws an `ArchiveLimitError`. */
export interface ArchiveLimits {
  /** One extended header or long name, in bytes. @default 1 MiB */
  readonly metaBytes: number;
  /** One path, in bytes, as Linux limits it. @default 4096 */
  readonly pathBytes: number;
  /** Directories above an entry. @default 1000 */
  readonly depth: number;
  /** @default 2,000,000 */
  readonly entries: number;
  /** Content of all files together, in bytes. @default unlimited */
  readonly contentBytes: number;
}

export const DEFAULT_LIMITS: ArchiveLimits = {
  metaBytes: 1024 * 1024,
  pathBytes: 4096,
  depth: 1000,
  entries: 2_000_000,
  contentBytes: Number.POSITIVE_INFINITY,
};
