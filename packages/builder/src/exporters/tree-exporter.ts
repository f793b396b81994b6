import type { Isolation } from '../isolation/choose.ts';
import { exportDirectory } from './directory.ts';
import type { Exporter } from './exporter.ts';
import { exportTarball } from './tarball.ts';

type TarSink = (chunk: Uint8Array) => void | Promise<void>;

/** The root file system as a directory: `-o type=local,dest=DIR`. */
export function directoryExporter(destination: string, isolation: () => Promise<Isolation>): Exporter {
  return treeExporter(isolation, (tree, options) => exportDirectory(tree, destination, options));
}

/** The root file system as one tar: `-o type=tar,dest=FILE`. */
export function tarballExporter(sink: TarSink, isolation: () => Promise<Isolation>): Exporter {
  return treeExporter(isolation, (tree, options) => exportTarball(tree, sink, options));
}

function treeExporter(
  isolation: () => Promise<Isolation>,
  write: (tree: string, options: Parameters<Exporter['export']>[1]) => Promise<void>,
): Exporter {
  return {
    async export({ stack }, options) {
      const { snapshotter } = await isolation();
      await using view = await snapshotter.view(stack, options);
      await write(view.path, options);
    },
  };
}
