import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import {
  type BuiltIndex,
  directoryExporter,
  type Exporter,
  IndexNotExportableError,
  tarballExporter,
} from '@shale/builder';
import type { Isolation } from '@shale/builder/isolation';
import {
  type CallOptions,
  type Digest,
  formatReference,
  type Image,
  type ImageStore,
  monotonicMs,
  type ProgressListener,
  type Reference,
} from '@shale/core';
import {
  copyImage,
  type IndexedImages,
  openLayout,
  type RegistryClient,
  writeDockerArchive,
  writeLayoutTar,
} from '@shale/registry';
import { checkDirectoryDestination, checkFileDestination, type OutputStream, writeDestination } from './destination.ts';
import type { Output } from './output.ts';

export interface ExporterWiring {
  readonly client: RegistryClient;
  readonly isolation: () => Promise<Isolation>;
  readonly stateDir: string;
  /** What relative paths of outputs start from. */
  readonly cwd: string;
  /** Where `-` goes. */
  readonly stdout: OutputStream;
  /** Repositories that may hold the layers already, such as those of the cache: a registry mounts them from there. */
  readonly mountFrom: readonly Reference[];
  readonly onProgress: ProgressListener;
}

/** Fails before a build whose result could not be written. `isIndex`: it makes an index of images. */
export async function checkOutputs(
  outputs: readonly Output[],
  { cwd, stdout, isIndex }: Pick<ExporterWiring, 'cwd' | 'stdout'> & { readonly isIndex: boolean },
): Promise<void> {
  for (const output of outputs) {
    if (isIndex && output.type === 'docker') {
      throw new IndexNotExportableError('docker exporter does not currently support exporting manifest lists', {
        hint: 'Build one platform, or write an OCI archive, which holds several.',
      });
    }
    if (output.type === 'registry' || output.type === 'image') continue;
    const path = destinationPath(output.dest, cwd);
    const isDirectory = output.type === 'local' || ('directory' in output && output.directory);
    await (isDirectory ? checkDirectoryDestination(path) : checkFileDestination(path, stdout));
  }
}

export function exporterFor(output: Output, wiring: ExporterWiring): Exporter {
  const { cwd, isolation } = wiring;
  switch (output.type) {
    case 'registry':
      return registryExporter(output.name, wiring);
    case 'image':
      return localImageExporter(output.name, wiring);
    case 'local':
      return reported(
        directoryExporter(destinationPath(output.dest, cwd), { isolation, split: output.split }),
        output,
        wiring,
      );
    case 'tar':
      return reported(tarExporter(output, wiring), output, wiring);
    default:
      return reported(archiveExporter(output, wiring), output, wiring);
  }
}

/** The target as users name it. */
export function describeOutput(output: Output): string {
  if (output.type === 'registry' || output.type === 'image') return formatReference(output.name);
  return output.dest === '-' ? `stdout (${output.type})` : `${output.dest} (${output.type})`;
}

export function registryExporter(name: Reference, wiring: ExporterWiring): Exporter {
  const { client, mountFrom } = wiring;
  const near = mountFrom.filter(({ registry }) => registry === name.registry).map(({ repository }) => repository);
  const copy: CopyBuilt = async (source, { signal }) => {
    await copyImage(source, client.repository(name), { tags: [tagOf(name)], mountFrom: near, signal });
  };
  return reported(copyingExporter(copy), { type: 'registry', name }, wiring);
}

function localImageExporter(name: Reference, wiring: ExporterWiring): Exporter {
  const copy: CopyBuilt = async (source, { signal }) => {
    await copyImage(source, openLayout(wiring.stateDir, { access: 'owner' }), {
      tags: [formatReference(name)],
      signal,
    });
  };
  return reported(copyingExporter(copy), { type: 'image', name }, wiring);
}

type CopyBuilt = (source: Image | IndexedImages, options: CallOptions) => Promise<void>;

/** An exporter of targets that take an index as well as an image. */
function copyingExporter(copy: CopyBuilt): Exporter {
  return {
    export: ({ image }, options) => copy(image, options),
    exportIndex: ({ index, images }, options) => copy({ index, images: images.map(({ image }) => image) }, options),
  };
}

type ArchiveOutput = Extract<Output, { type: 'oci' | 'docker' }>;

function archiveExporter(output: ArchiveOutput, wiring: ExporterWiring): Exporter {
  return output.type === 'oci' ? ociExporter(output, wiring) : dockerExporter(output, wiring);
}

function ociExporter(output: ArchiveOutput, { cwd, stdout, onProgress }: ExporterWiring): Exporter {
  const { names, directory } = output;
  const path = destinationPath(output.dest, cwd);
  return copyingExporter(async (source, { signal }) => {
    if (directory) return copyToLayout(source, openLayout(path), { names, signal });
    const write = (sink: Writable) => writeLayoutTar([{ source, names }], sink, { signal, onProgress });
    return writeDestination(path, write, { stdout, signal });
  });
}

function dockerExporter(output: ArchiveOutput, { cwd, stdout, onProgress }: ExporterWiring): Exporter {
  const { names, directory } = output;
  const path = destinationPath(output.dest, cwd);
  return {
    async export({ image }, { signal }) {
      if (directory) return copyToLayout(image, openLayout(path), { names, signal });
      const write = (sink: Writable) => writeDockerArchive([{ source: image, names }], sink, { signal, onProgress });
      return writeDestination(path, write, { stdout, signal });
    },
  };
}

async function copyToLayout(
  source: Image | IndexedImages,
  layout: ImageStore,
  { names, signal }: CallOptions & { readonly names: readonly Reference[] },
): Promise<void> {
  await copyImage(source, layout, { tags: names.map(formatReference), signal });
}

type TreeOutput = Extract<Output, { type: 'local' | 'tar' }>;

function tarExporter({ dest, split }: TreeOutput, { cwd, stdout, isolation }: ExporterWiring): Exporter {
  const path = destinationPath(dest, cwd);
  const write = (work: (exporter: Exporter) => Promise<void>, { signal }: CallOptions) =>
    writeDestination(
      path,
      async (sink) => {
        // The chunk's memory is used again as soon as the promise settles.
        const push = (chunk: Uint8Array) =>
          new Promise<void>((done, fail) => {
            sink.write(chunk, (error) => (error ? fail(error) : done()));
          });
        await work(tarballExporter(push, { isolation, split }));
      },
      { stdout, signal },
    );
  return {
    export: (built, options) => write((exporter) => exporter.export(built, options), options),
    exportIndex: (built, options) => write(async (exporter) => exporter.exportIndex?.(built, options), options),
  };
}

/** Reports when the export is done, and how long it took. */
function reported(exporter: Exporter, output: Output, { onProgress }: ExporterWiring): Exporter {
  const timed = async (digest: Digest, work: () => Promise<void>) => {
    const started = monotonicMs();
    await work();
    const durationMs = monotonicMs() - started;
    onProgress({ type: 'export.finished', target: describeOutput(output), digest, durationMs });
  };
  const { exportIndex } = exporter;
  return {
    export: (built, options) => timed(built.image.manifest.digest, () => exporter.export(built, options)),
    ...(exportIndex !== undefined && {
      exportIndex: (built: BuiltIndex, options: CallOptions) =>
        timed(built.index.digest, () => exportIndex.call(exporter, built, options)),
    }),
  };
}

function tagOf({ tag, digest }: Reference): string {
  return tag ?? digest ?? 'latest';
}

function destinationPath(dest: string, cwd: string): string {
  return dest === '-' ? dest : resolve(cwd, dest);
}
