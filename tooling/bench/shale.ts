import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEBIAN_SUITE } from '../base-images/debian.ts';
import { requireCommand } from '../src/command.ts';
import { bundledShale } from '../src/shale.ts';
import type { Bases, Contender } from './contender.ts';
import { measureUsage } from './usage.ts';

/** shale's bundle, as a user installs it. `program` is another build of it, to compare two. */
export async function shaleContender({ host }: Bases, name = 'shale', program?: string): Promise<Contender> {
  const shale =
    program === undefined ? bundledShale : [process.execPath, '--disable-warning=ExperimentalWarning', program];
  return {
    name,
    async openMachine(directory) {
      const flags = ['--state-dir', join(directory, 'state'), '--registry-mirror', `http://${host}`, '--quiet'];
      const context = join(directory, 'prime');
      for (const image of ['busybox', `debian:${DEBIAN_SUITE}`]) {
        await writePrimer(image, context);
        await requireCommand([...shale, 'build', ...flags, context]);
      }
      return {
        build: (built, { cacheRepository } = {}) => {
          // like the others, which ask no registry for an image that they have
          const cache = cacheRepository === undefined ? ['--offline'] : ['--cache-repo', cacheRepository];
          const command = [...shale, 'build', ...flags, ...cache, '--tag', 'bench', built];
          return measureUsage(command, { scratch: join(directory, 'usage') });
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A build that pulls and unpacks a base image. */
async function writePrimer(image: string, context: string): Promise<void> {
  await mkdir(context, { recursive: true });
  await writeFile(join(context, 'Dockerfile'), `FROM ${image}\nRUN true\n`);
}
