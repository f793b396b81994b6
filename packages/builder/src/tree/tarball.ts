import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { addPath, decodePath, hostPath, TarWriter } from '@shale/core/archive';

export interface TarballOptions extends CallOptions {
  /** Later modification times become this one, in seconds since the epoch. */
  readonly clampMtimeSeconds?: number | undefined;
}

export interface TarballTree {
  readonly path: string;
  /** Where it is in the tar: '' or a folder with its slash. */
  readonly prefix: string;
}

/** Writes trees as one tar, each sorted: what `-o type=tar` gives. `sink` may push back by returning a promise. */
export async function exportTarball(
  trees: readonly TarballTree[],
  sink: (chunk: Uint8Array) => void | Promise<void>,
  { clampMtimeSeconds, signal }: TarballOptions = {},
): Promise<void> {
  const tar = new TarWriter(sink);
  for (const { path: tree, prefix: start } of trees) {
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
    if (start !== '') await addPath(tar, tree, start.slice(0, -1), { hardLinks, clampMtimeSeconds });
    await visit(tree, start);
  }
  await tar.finish();
}
