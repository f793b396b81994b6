import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBaseRegistry } from '../base-images/base-registry.ts';
import { DEBIAN_SUITE } from '../base-images/debian.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import { bundledShale } from '../src/shale.ts';
import type { Contender } from './contender.ts';

/** shale's bundle, as a user installs it. A cold state folder holds the base images and nothing else. */
export async function shaleContender(): Promise<Contender> {
  const shale = await bundledShale();
  const base = await startBaseRegistry(['busybox', 'debian']);
  const scratch = await mkdtemp(join(tmpdir(), 'shale-bench-'));
  const primed = join(scratch, 'primed');
  const state = join(scratch, 'state');
  const flags = (directory: string) => ['--state-dir', directory, '--registry-mirror', base.url, '--quiet'];
  const context = join(scratch, 'prime');
  for (const image of ['busybox', `debian:${DEBIAN_SUITE}`]) {
    await writePrimer(image, context);
    await requireCommand([...shale, 'build', ...flags(primed), context]);
  }
  return {
    name: 'shale',
    async reset() {
      await requireCommand(['rm', '-rf', '--one-file-system', state]);
      await requireCommand(['cp', '-a', '--reflink=auto', primed, state]);
      await requireCommand(['sync']);
    },
    async build(context) {
      // like dockerd, which asks no registry for an image that it has
      await requireCommand([...shale, 'build', ...flags(state), '--offline', '--tag', 'bench', context]);
    },
    async [Symbol.asyncDispose]() {
      await base[Symbol.asyncDispose]();
      await runCommand(['rm', '-rf', '--one-file-system', scratch]);
    },
  };
}

/** A build that pulls and unpacks a base image, as `docker load` does for the others. */
async function writePrimer(image: string, context: string): Promise<void> {
  await mkdir(context, { recursive: true });
  await writeFile(join(context, 'Dockerfile'), `FROM ${image}\nRUN true\n`);
}
