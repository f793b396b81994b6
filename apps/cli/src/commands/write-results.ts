import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatReference, parseReference } from '@shale/core';
import { OutputUnwritableError } from '@shale/wiring';
import type { BuildInvocation, BuildRecord } from './build.ts';

/** `--iidfile`, `--metadata-file` and `--report`. */
export async function writeResults(result: BuildRecord, { options, cwd, version }: BuildInvocation): Promise<void> {
  const { iidfile, metadataFile, report, tag } = options;
  if (iidfile !== undefined) await write(resolve(cwd, iidfile), result.top.digest);
  if (metadataFile === undefined && report === undefined) return;
  const { formatMetadata, formatReport } = await import('./build-report.ts');
  const names = tag.map((name) => formatReference(parseReference(name)));
  if (metadataFile !== undefined) await write(resolve(cwd, metadataFile), json(formatMetadata(result, names)));
  if (report !== undefined) await write(resolve(cwd, report), json(formatReport(result, names, version)));
}

function json(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

async function write(path: string, content: string): Promise<void> {
  await writeFile(path, content).catch((cause: NodeJS.ErrnoException) => {
    throw new OutputUnwritableError(`Cannot write ${path} (${cause.code})`, { cause });
  });
}
