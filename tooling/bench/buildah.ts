import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseImageLayout } from '../base-images/base-registry.ts';
import { DEBIAN_SUITE } from '../base-images/debian.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import type { Contender } from './contender.ts';

/** `buildah bud --layers` with runc, over a private storage. */
export async function buildahContender(): Promise<Contender> {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-buildah-'));
  const storage = ['--root', join(scratch, 'root'), '--runroot', join(scratch, 'run'), '--storage-driver', 'overlay'];
  const place = `[overlay@${scratch}/root+${scratch}/run]`;
  const images = { busybox: 'busybox:latest', debian: `debian:${DEBIAN_SUITE}` } as const;
  for (const [name, reference] of Object.entries(images)) {
    const layout = `oci:${await baseImageLayout(name as keyof typeof images)}:latest`;
    const target = `containers-storage:${place}docker.io/library/${reference}`;
    await requireCommand(['skopeo', '--insecure-policy', 'copy', '--quiet', layout, target]);
  }
  return {
    name: 'buildah',
    async reset() {
      await runCommand(['buildah', ...storage, 'rmi', '--force', 'bench']);
      await runCommand(['buildah', ...storage, 'rmi', '--prune', '--force']);
    },
    async build(context) {
      const flags = [
        '--layers',
        '--quiet',
        '--pull-never',
        '--network',
        'host',
        '--runtime',
        'runc',
        '--isolation',
        'oci',
      ];
      await requireCommand(['buildah', ...storage, 'bud', ...flags, '--tag', 'bench', context]);
    },
    async [Symbol.asyncDispose]() {
      await runCommand(['buildah', ...storage, 'rmi', '--all', '--force']);
      await runCommand(['rm', '-rf', '--one-file-system', scratch]);
    },
  };
}
