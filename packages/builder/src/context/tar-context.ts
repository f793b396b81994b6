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
  /** Bounds on what the archive may hold. */
  readonly limits?: Partial<ArchiveLimits> | undefined;
}

/**
 * Unpacks a tar, compressed or not, into a private directory. An ignore file in it is an ordinary file.
 * @throws {ContextInvalidError}
 */
export async function openTarContext(
  content: AsyncIterable<Uint8Array>,
  { scratchParent, limits, signal }: TarContextOptions = {},
): Promise<BuildContext> {
  const scratch = await openScratchDirectory(scratchParent);
  const root = join(scratch.path, 'context'); // unlike the private one readable, for steps that mount it
  try {
    await mkdir(root, { mode: 0o755 });
    await unpackTar(decompress(content), root, { whiteouts: 'plain', limits, signal });
  } catch (cause) {
    await scratch[Symbol.asyncDispose]();
    signal?.throwIfAborted();
    throw new ContextInvalidError(
      `The build context is not a tar archive that can be unpacked: ${(cause as Error).message}`,
      { cause, hint: 'Make it with tar; gzip, bzip2, xz and zstd are understood.' },
    );
  }
  return {
    kind: 'tar',
    root,
    files: plainTree(root),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}
