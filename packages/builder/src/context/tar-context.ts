import type { CallOptions } from '@shale/core';
import { decompress, openScratchDirectory, unpackTar } from '@shale/core';
import { plainTree } from '../copy/source-tree.ts';
import type { BuildContext } from './context.ts';
import { ContextInvalidError } from './context.ts';

export interface TarContextOptions extends CallOptions {
  /** Where to unpack. @default the system's directory for temporary files */
  readonly scratchParent?: string | undefined;
}

/** Unpacks a tar, compressed or not, into a private directory. An ignore file in it is an ordinary file. */
export async function openTarContext(
  content: AsyncIterable<Uint8Array>,
  { scratchParent, signal }: TarContextOptions = {},
): Promise<BuildContext> {
  const scratch = await openScratchDirectory(scratchParent);
  try {
    await unpackTar(decompress(content), scratch.path, { whiteouts: 'plain', endMarker: 'optional', signal });
  } catch (cause) {
    await scratch[Symbol.asyncDispose]();
    throw new ContextInvalidError(
      `The build context is not a tar archive that can be unpacked: ${(cause as Error).message}`,
      { cause },
    );
  }
  return {
    kind: 'tar',
    root: scratch.path,
    files: plainTree(scratch.path),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}
