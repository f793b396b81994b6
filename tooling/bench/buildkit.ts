import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DEBIAN_SUITE } from '../base-images/debian.ts';
import { startBuildkit } from '../peers/buildkit.ts';
import type { Bases, Contender } from './contender.ts';
import { measureUsage } from './usage.ts';

/** Today's BuildKit. Its daemon is warm: its start is not timed. */
export async function buildkitContender({ host }: Bases): Promise<Contender> {
  return {
    name: 'buildkit',
    async openMachine(directory) {
      const buildkit = await startBuildkit({ mirror: host, directory: join(directory, 'buildkit') });
      const prime = join(directory, 'prime');
      await mkdir(prime);
      for (const image of ['busybox', `debian:${DEBIAN_SUITE}`]) {
        await writeFile(join(prime, 'Dockerfile'), `FROM ${image}\nRUN true\n`);
        await buildkit.requireBuildx(['build', '--quiet', '--no-cache', prime]);
      }
      return {
        build: (context, { cacheRepository } = {}) => {
          const flags = cacheRepository === undefined ? [] : cacheFlags(`${cacheRepository}:${basename(context)}`);
          const output = `type=image,name=${host}/bench/${basename(context)},push=false`;
          const build = ['build', '--provenance=false', '--quiet', ...flags, '--output', output, context];
          const { command, env } = buildkit.command(build);
          return measureUsage(command, { scratch: join(directory, 'usage'), daemon: buildkit.pid, env });
        },
        [Symbol.asyncDispose]: () => buildkit[Symbol.asyncDispose](),
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function cacheFlags(reference: string): string[] {
  return ['--cache-from', `type=registry,ref=${reference}`, '--cache-to', `type=registry,ref=${reference},mode=max`];
}
