import { resolve } from 'node:path';
import { type BuiltImage, directoryExporter, type Exporter, type Isolation, tarballExporter } from '@shale/builder';
import { type CallOptions, formatReference, type ImageStore, type ProgressListener, type Reference } from '@shale/core';
import { copyImage, openLayout, type RegistryClient, writeDockerArchive, writeLayoutTar } from '@shale/registry';
import type { Session } from '../commands/command.ts';
import { checkDirectoryDestination, checkFileDestination, writeDestination } from './destination.ts';
import type { Output } from './output.ts';

export interface ExporterWiring {
  readonly client: RegistryClient;
  readonly isolation: () => Promise<Isolation>;
  readonly stateDir: string;
  readonly cwd: string;
  readonly stdout: Session['stdout'];
  /** Repositories that may hold layers already: where the cache is. */
  readonly mountFrom: readonly Reference[];
  readonly onProgress: ProgressListener;
}

/** Fails before the build where its result could not be written. */
export async function checkOutputs(
  outputs: readonly Output[],
  { cwd, stdout }: Pick<Session, 'cwd' | 'stdout'>,
): Promise<void> {
  for (const output of outputs) {
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
      return reported(directoryExporter(destinationPath(output.dest, cwd), isolation), output, wiring);
    case 'tar':
      return reported(tarExporter(output.dest, wiring), output, wiring);
    default:
      return reported(archiveExporter(output, wiring), output, wiring);
  }
}

/** As a user would name the target. */
export function describeOutput(output: Output): string {
  if (output.type === 'registry' || output.type === 'image') return formatReference(output.name);
  return output.dest === '-' ? `stdout (${output.type})` : `${output.dest} (${output.type})`;
}

export function registryExporter(name: Reference, wiring: ExporterWiring): Exporter {
  const { client, mountFrom } = wiring;
  const near = mountFrom.filter(({ registry }) => registry === name.registry).map(({ repository }) => repository);
  const exporter = {
    async export({ image }: BuiltImage, { signal }: CallOptions) {
      await copyImage(image, client.repository(name), { tags: [tagOf(name)], mountFrom: near, signal });
    },
  };
  return reported(exporter, { type: 'registry', name }, wiring);
}

function localImageExporter(name: Reference, wiring: ExporterWiring): Exporter {
  const exporter = {
    async export({ image }: BuiltImage, { signal }: CallOptions) {
      await copyImage(image, openLayout(wiring.stateDir), { tags: [formatReference(name)], signal });
    },
  };
  return reported(exporter, { type: 'image', name }, wiring);
}

type ArchiveOutput = Extract<Output, { type: 'oci' | 'docker' }>;

function archiveExporter(output: ArchiveOutput, { cwd, stdout, onProgress }: ExporterWiring): Exporter {
  const path = destinationPath(output.dest, cwd);
  return {
    async export({ image }, { signal }) {
      if (output.directory) return copyToLayout(image, openLayout(path), { output, signal });
      const write = output.type === 'oci' ? writeLayoutTar : writeDockerArchive;
      const images = [{ source: image, names: output.names }];
      await writeDestination(path, (sink) => write(images, sink, { signal, onProgress }), { stdout, signal });
    },
  };
}

async function copyToLayout(
  image: BuiltImage['image'],
  layout: ImageStore,
  { output, signal }: CallOptions & { readonly output: ArchiveOutput },
): Promise<void> {
  await copyImage(image, layout, { tags: output.names.map(formatReference), signal });
}

function tarExporter(dest: string, { cwd, stdout, isolation }: ExporterWiring): Exporter {
  const path = destinationPath(dest, cwd);
  return {
    async export(built, options) {
      await writeDestination(
        path,
        async (sink) => {
          // The chunk's memory is used again as soon as the promise settles.
          const write = (chunk: Uint8Array) =>
            new Promise<void>((done, fail) => {
              sink.write(chunk, (error) => (error ? fail(error) : done()));
            });
          await tarballExporter(write, isolation).export(built, options);
        },
        { stdout, signal: options.signal },
      );
    },
  };
}

/** Tells when the export is done, and how long it took. */
function reported(exporter: Exporter, output: Output, { onProgress }: ExporterWiring): Exporter {
  return {
    async export(built, options) {
      const started = performance.now();
      await exporter.export(built, options);
      const { digest } = built.image.manifest;
      onProgress({
        type: 'export.finished',
        target: describeOutput(output),
        digest,
        durationMs: performance.now() - started,
      });
    },
  };
}

function tagOf({ tag, digest }: Reference): string {
  return tag ?? digest ?? 'latest';
}

function destinationPath(dest: string, cwd: string): string {
  return dest === '-' ? dest : resolve(cwd, dest);
}
