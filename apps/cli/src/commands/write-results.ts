import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatReference, parseReference } from '@shale/core';
import { OutputUnwritableError } from '../outputs/output-unwritable-error.ts';
import type { BuildInvocation, BuildSummary } from './build.ts';

/** `--iidfile` and `--metadata-file`. */
export async function writeResults(result: BuildSummary, { options, cwd }: BuildInvocation): Promise<void> {
  const { iidfile, metadataFile, tag } = options;
  if (iidfile !== undefined) await write(resolve(cwd, iidfile), result.top.digest);
  if (metadataFile === undefined) return;
  const metadata = formatMetadata(
    result,
    tag.map((name) => formatReference(parseReference(name))),
  );
  await write(resolve(cwd, metadataFile), `${JSON.stringify(metadata, undefined, 2)}\n`);
}

/** The keys that `docker buildx` writes, and below `shale` how each step came to its layer. */
export function formatMetadata({ top, config, steps }: BuildSummary, names: readonly string[]): object {
  return {
    ...(config !== undefined && { 'containerimage.config.digest': config.digest }),
    'containerimage.descriptor': top,
    'containerimage.digest': top.digest,
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
