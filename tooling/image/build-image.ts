import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';
import { requireShale } from '../src/shale.ts';
import { workspaceRoot } from '../src/workspace.ts';
import { stageImage } from './stage-image.ts';

export interface OwnImage {
  /** An OCI archive. */
  readonly archive: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Builds shale's own container image with shale, from Debian's packages and this tree. */
export async function buildOwnImage(directory: string = join(workspaceRoot, '.cache/image')): Promise<OwnImage> {
  await ensurePackages(packagesFor.image);
  const [context, archive] = [join(directory, 'context'), join(directory, 'shale.tar')];
  await stageImage(context);
  const file = ['--file', join(workspaceRoot, 'deploy/Dockerfile'), '--reproducible', '--quiet'];
  const cache = ['--state-dir', join(directory, 'state'), '--compression-level', '9'];
  const { stdout } = await requireShale(['build', ...file, ...cache, '-o', `type=oci,dest=${archive}`, context]);
  return { archive, digest: stdout.trim(), sizeBytes: (await stat(archive)).size };
}
