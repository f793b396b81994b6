import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { BuildResult } from '@shale/builder';
import { describeManifest, formatReference, parseReference } from '@shale/core';
import { OutputUnwritableError } from '../outputs/output-unwritable-error.ts';
import type { BuildInvocation } from './build.ts';

/** `--iidfile` and `--metadata-file`. */
export async function writeResults(result: BuildResult, { options, cwd }: BuildInvocation): Promise<void> {
  const { iidfile, metadataFile, tag } = options;
  if (iidfile !== undefined) await write(resolve(cwd, iidfile), result.image.manifest.digest);
  if (metadataFile === undefined) return;
  const metadata = formatMetadata(
    result,
    tag.map((name) => formatReference(parseReference(name))),
  );
  await write(resolve(cwd, metadataFile), `${JSON.stringify(metadata, undefined, 2)}\n`);
}

/** The keys that `docker buildx` writes, and below `shale` how each step came to its layer. */
export function formatMetadata({ image, steps }: BuildResult, names: readonly string[]): object {
  return {
    'containerimage.config.digest': image.configDescriptor.digest,
    'containerimage.descriptor': describeManifest(image.manifest),
    'containerimage.digest': image.manifest.digest,
    ...(names.length > 0 && { 'image.name': names.join(',') }),
    shale: {
      version: 1,
      steps: steps.map(({ step, ...report }) => ({
        stage: step.stage,
        index: step.index,
        name: step.name,
        line: step.place?.line,
        ...report,
      })),
    },
  };
}

async function write(path: string, content: string): Promise<void> {
  await writeFile(path, content).catch((cause: NodeJS.ErrnoException) => {
    throw new OutputUnwritableError(`Cannot write ${path} (${cause.code})`, { cause });
  });
}
