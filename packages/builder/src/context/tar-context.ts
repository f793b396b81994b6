import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import type { ArchiveLimits } from '@shale/core/archive';
import { decompress, unpackTar } from '@shale/core/archive';
import { openScratchDirectory } from '@shale/core/files';
import { plainTree } from '../tree/source-tree.ts';
import type { BuildContext } from '../graph/context.ts';
import { ContextInvalidError } from '../graph/context.ts';

export interface TarContextOptions extends CallOptions {
  /** Where to unpack. @default the system's directory for temporary files */
  readonly scratchParent?: string | undefined;
  /** Limits on the content of the archive. */
  readonly limits?: Partial<ArchiveLimits> | undefined;
}

/**
 * Unpacks a tar, compressed or not, into a private directory. An ignore file in it has no effect.
 * @throws {ContextInvalidError}
 */
export async function openTarContext(
  content: AsyncIterable<Uint8Array>,
  { scratchParent, limits, signal }: TarContextOptions = {},
): Promise<BuildContext> {
  const scratch = await openScratchDirectory(scratchParent);
  const root = join(scratch.path, 'context'); // readable by all users, for steps that mount it
  try {
    await mkdir(root, { mode: 0o755 });
    await unpackTar(decompress(content), root, { whiteouts: 'plain', limits, signal });
  } catch (cause) {
    await scratch[Symbol.asyncDispose]();
    signal?.throwIfAborted();
    throw new ContextInvalidError(
      `The build context is not a tar archive that can be unpacked: ${(cause as Error).message}`,
      { cause, hint: 'Create it with tar, uncompressed or with gzip, bzip2, xz or zstd.' },
    );
  }
  return {
    kind: 'tar',
    root,
    files: plainTree(root),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}
