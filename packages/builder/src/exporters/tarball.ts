import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { addPath, decodePath, hostPath, TarWriter } from '@shale/core';

export interface TarballOptions extends CallOptions {
  /** Later modification times become this one, in seconds since the epoch. */
  readonly clampMtimeSeconds?: number | undefined;
}

/** Writes a tree as one tar, sorted: what `-o type=tar` gives. `sink` may push back by returning a promise. */
export async function exportTarball(
  tree: string,
  sink: (chunk: Uint8Array) => void | Promise<void>,
  { clampMtimeSeconds, signal }: TarballOptions = {},
): Promise<void> {
  const tar = new TarWriter(sink);
  const hardLinks = new Map<string, string>();
  const visit = async (directory: string, prefix: string): Promise<void> => {
    signal?.throwIfAborted();
    for (const name of readdirSync(hostPath(directory), { encoding: 'buffer' })
      .map((name) => decodePath(name))
      .toSorted()) {
      const path = join(directory, name);
      await addPath(tar, path, `${prefix}${name}`, { hardLinks, clampMtimeSeconds });
      if (lstatSync(hostPath(path)).isDirectory()) await visit(path, `${prefix}${name}/`);
    }
  };
  await visit(tree, '');
  await tar.finish();
}
