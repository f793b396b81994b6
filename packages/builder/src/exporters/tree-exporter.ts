import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { formatPlatform, Resources } from '@shale/core';
import type { Isolation } from '../isolation/choose.ts';
import { exportDirectory } from '../tree/directory.ts';
import type { BuiltImage, BuiltPlatform, Exporter } from './exporter.ts';
import { exportTarball, type TarballTree } from '../tree/tarball.ts';

type TarSink = (chunk: Uint8Array) => void | Promise<void>;

export interface TreeExporterOptions {
  readonly isolation: () => Promise<Isolation>;
  /** Of several platforms each has a folder; else their files are put into one tree, later ones over earlier. @default true */
  readonly split?: boolean | undefined;
}

/** The root file system as a directory: `-o type=local,dest=DIR`. */
export function directoryExporter(destination: string, options: TreeExporterOptions): Exporter {
  return treeExporter(options, async (trees, call) => {
    for (const { path, prefix } of trees) await exportDirectory(path, join(destination, prefix), call);
  });
}

/** The root file system as one tar: `-o type=tar,dest=FILE`. */
export function tarballExporter(sink: TarSink, options: TreeExporterOptions): Exporter {
  return treeExporter(options, (trees, call) => exportTarball(trees, sink, call));
}

function treeExporter(
  { isolation, split = true }: TreeExporterOptions,
  write: (trees: readonly TarballTree[], options: CallOptions) => Promise<void>,
): Exporter {
  const exportTrees = async (
    images: readonly { readonly stack: BuiltImage['stack']; readonly prefix: string }[],
    options: CallOptions,
  ) => {
    const { snapshotter } = await isolation();
    await using views = new Resources();
    const trees: TarballTree[] = [];
    for (const { stack, prefix } of images)
      trees.push({ path: views.use(await snapshotter.view(stack, options)).path, prefix });
    await write(trees, options);
  };
  return {
    export: ({ stack }, options) => exportTrees([{ stack, prefix: '' }], options),
    exportIndex: ({ images }, options) =>
      exportTrees(
        images.map((built) => ({ stack: built.stack, prefix: split ? platformFolder(built) : '' })),
        options,
      ),
  };
}

/** `linux_arm64/`, as buildx names it. */
function platformFolder({ platform }: BuiltPlatform): string {
  return `${formatPlatform(platform).replaceAll('/', '_')}/`;
}
