import { mkdir } from 'node:fs/promises';
import { finished, PassThrough } from 'node:stream';
import type { CallOptions } from '@shale/core';
import { unpackTar } from '@shale/core/archive';
import { exportTarball } from './tarball.ts';

/** Copies a tree into a directory, which is made when missing and added to when not: what `-o type=local` does. */
export async function exportDirectory(tree: string, destination: string, options: CallOptions = {}): Promise<void> {
  await mkdir(destination, { recursive: true });
  const pipe = new PassThrough({ highWaterMark: 4 * 1024 * 1024 });
  const drained = () => new Promise<void>((resolve) => pipe.once('drain', resolve));
  const packed = exportTarball(
    [{ path: tree, prefix: '' }],
    (chunk) => (pipe.write(Buffer.from(chunk)) ? undefined : drained()),
    options,
  ).then(
    () => pipe.end(),
    (error: Error) => pipe.destroy(error),
  );
  finished(pipe, () => undefined);
  await unpackTar(pipe, destination, { ...options, whiteouts: 'plain' });
  await packed;
}
