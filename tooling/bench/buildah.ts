import { join } from 'node:path';
import { baseImageLayout } from '../base-images/base-registry.ts';
import { DEBIAN_SUITE } from '../base-images/debian.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import type { Contender } from './contender.ts';
import { measureUsage } from './usage.ts';

const FLAGS =
  '--layers --quiet --pull-never --network host --runtime runc --isolation oci --tls-verify=false --tag bench'.split(
    ' ',
  );

/** `buildah bud --layers` with runc, over a private storage. */
export async function buildahContender(): Promise<Contender> {
  const images = { busybox: 'busybox:latest', debian: `debian:${DEBIAN_SUITE}` } as const;
  return {
    name: 'buildah',
    async openMachine(directory) {
      const [root, runroot] = [join(directory, 'root'), join(directory, 'run')];
      const storage = ['--root', root, '--runroot', runroot, '--storage-driver', 'overlay'];
      for (const [name, reference] of Object.entries(images)) {
        const layout = `oci:${await baseImageLayout(name as keyof typeof images)}:latest`;
        const target = `containers-storage:[overlay@${root}+${runroot}]docker.io/library/${reference}`;
        await requireCommand(['skopeo', '--insecure-policy', 'copy', '--quiet', layout, target]);
      }
      return {
        build: (context, { cacheRepository: repository } = {}) => {
          const cache = repository === undefined ? [] : ['--cache-from', repository, '--cache-to', repository];
          const command = ['buildah', ...storage, 'bud', ...FLAGS, ...cache, context];
          return measureUsage(command, { scratch: join(directory, 'usage') });
        },
        [Symbol.asyncDispose]: async () => {
          await runCommand(['buildah', ...storage, 'rmi', '--all', '--force']);
          await runCommand(['umount', join(root, 'overlay')]); // the storage driver's own bind mount
        },
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
