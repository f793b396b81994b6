import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { formatPlatform } from '@shale/core';
import type { Isolation } from '../isolation/choose.ts';
import { exportDirectory } from './directory.ts';
import type { BuiltImage, BuiltPlatform, Exporter } from './exporter.ts';
import { exportTarball, type TarballTree } from './tarball.ts';

type TarSink = (chunk: Uint8Array) => void | Promise<void>;

/** The root file system as a directory: `-o type=local,dest=DIR`; of several platforms, a folder for each. */
export function directoryExporter(destination: string, isolation: () => Promise<Isolation>): Exporter {
  return treeExporter(isolation, async (trees, options) => {
    for (const { path, prefix } of trees) await exportDirectory(path, join(destination, prefix), options);
  });
}

/** The root file system as one tar: `-o type=tar,dest=FILE`; of several platforms, a folder for each. */
export function tarballExporter(sink: TarSink, isolation: () => Promise<Isolation>): Exporter {
  return treeExporter(isolation, (trees, options) => exportTarball(trees, sink, options));
}

function treeExporter(
  isolation: () => Promise<Isolation>,
  write: (trees: readonly TarballTree[], options: CallOptions) => Promise<void>,
): Exporter {
  const exportTrees = async (
    images: readonly { readonly stack: BuiltImage['stack']; readonly prefix: string }[],
    options: CallOptions,
  ) => {
    const { snapshotter } = await isolation();
    await using views = new AsyncDisposableStack();
    const trees: TarballTree[] = [];
    for (const { stack, prefix } of images)
      trees.push({ path: views.use(await snapshotter.view(stack, options)).path, prefix });
    await write(trees, options);
  };
  return {
    export: ({ stack }, options) => exportTrees([{ stack, prefix: '' }], options),
    exportIndex: ({ images }, options) =>
      exportTrees(
        images.map((built) => ({ stack: built.stack, prefix: platformFolder(built) })),
        options,
      ),
  };
}

/** `linux_arm64/`, as buildx names it. */
function platformFolder({ platform }: BuiltPlatform): string {
  return `${formatPlatform(platform).replaceAll('/', '_')}/`;
}
