import { baseImageLayout } from '../base-images/base-registry.ts';
import { DEBIAN_SUITE } from '../base-images/debian.ts';
import { startDockerDaemon } from '../src/docker-daemon.ts';
import type { Contender } from './contender.ts';

/** The BuildKit of Debian's dockerd. */
export async function buildkitContender(): Promise<Contender> {
  const daemon = await startDockerDaemon();
  await daemon.loadLayout(`${await baseImageLayout('busybox')}:latest`, 'busybox:latest');
  await daemon.loadLayout(`${await baseImageLayout('debian')}:latest`, `debian:${DEBIAN_SUITE}`);
  return {
    name: 'buildkit',
    async reset() {
      await daemon.docker(['image', 'rm', '--force', 'bench']);
      await daemon.requireDocker(['builder', 'prune', '--all', '--force']);
    },
    async build(context) {
      await daemon.requireDocker(['build', '--network', 'host', '--quiet', '--tag', 'bench', context]);
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
