import { existsSync, realpathSync } from 'node:fs';
import type { CallOptions } from '@shale/core';
import { openScratchDirectory } from '@shale/core';
import type { Executor, StepMount, StepProcess } from '../executor.ts';

const EXIT_CODE = 42;
/** What `/bin/sh` may need, wherever a distribution keeps it. */
const SYSTEM_DIRECTORIES = ['/bin', '/lib', '/lib32', '/lib64', '/usr', '/nix', '/gnu'];

/**
 * Runs the host's shell in a tree of nothing but mounts of the host's programs.
 * @throws what keeps the executor from working here.
 */
export async function probeWithMounts(executor: Executor, options?: CallOptions): Promise<void> {
  await using tree = await openScratchDirectory();
  const mounts = SYSTEM_DIRECTORIES.filter((path) => existsSync(path)).map(
    (path): StepMount => ({ type: 'bind', source: realpathSync(path), target: path, readOnly: true }),
  );
  await probe(executor, { root: tree.path, mounts }, options);
}

/** Runs the host's shell in the host's own tree. */
export async function probeWithoutMounts(executor: Executor, options?: CallOptions): Promise<void> {
  await probe(executor, { root: '/', mounts: [] }, options);
}

async function probe(
  executor: Executor,
  place: Pick<StepProcess, 'root' | 'mounts'>,
  options?: CallOptions,
): Promise<void> {
  const output: Uint8Array[] = [];
  const step: StepProcess = {
    ...place,
    args: ['/bin/sh', '-c', `exit ${EXIT_CODE}`],
    env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0, groups: [0] },
    hostname: 'probe',
    network: 'host',
  };
  const code = await executor.run(step, { ...options, onOutput: (_stream, data) => output.push(data) });
  if (code !== EXIT_CODE) throw new Error(`a shell ended with ${code}: ${Buffer.concat(output).toString().trim()}`);
}
