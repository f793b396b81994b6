import { existsSync, realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { hostShell } from '../host/host-program.ts';
import type { Executor, StepMount, StepProcess } from '../executors/executor.ts';

const EXIT_CODE = 42;
const NOT_FOUND = 127;
/** What `/bin/sh` may need, wherever a distribution keeps it. */
const SYSTEM_DIRECTORIES = ['/bin', '/lib', '/lib32', '/lib64', '/usr', '/nix', '/gnu'];

/**
 * Runs the host's shell in a tree of nothing but mounts of the host's programs.
 * @throws what keeps the executor from working here.
 */
export async function probeWithMounts(executor: Executor, options?: CallOptions): Promise<void> {
  await using tree = await openScratchDirectory();
  const args = ['/bin/sh', '-c', `exit ${EXIT_CODE}`];
  await probe(executor, { root: tree.path, mounts: shellMounts(), args }, EXIT_CODE, options);
}

function shellMounts(): StepMount[] {
  const mount = (source: string, target: string): StepMount => ({ type: 'bind', source, target, readOnly: true });
  if (!existsSync('/bin/sh')) return [mount(realpathSync(hostShell()), '/bin/sh')]; // of one file, in our own image
  return SYSTEM_DIRECTORIES.filter((path) => existsSync(path)).map((path) => mount(realpathSync(path), path));
}

export interface ProbeOptions extends CallOptions {
  /** Where the tree is. @default the system's directory for such */
  readonly parent?: string | undefined;
}

/** Runs a program that is not there in an empty tree: an executor that gets as far as missing it works. */
export async function probeWithoutMounts(executor: Executor, options: ProbeOptions = {}): Promise<void> {
  await using scratch = await openScratchDirectory(options.parent);
  const root = join(scratch.path, 'tree');
  await mkdir(root);
  await probe(executor, { root, mounts: [], args: ['/absent'] }, NOT_FOUND, options);
}

async function probe(
  executor: Executor,
  place: Pick<StepProcess, 'root' | 'mounts' | 'args'>,
  expected: number,
  options?: CallOptions,
): Promise<void> {
  const output: Uint8Array[] = [];
  const step: StepProcess = {
    ...place,
    env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0, groups: [0] },
    hostname: 'probe',
    network: 'host',
    security: 'sandbox',
  };
  const code = await executor.run(step, { ...options, onOutput: (_stream, data) => output.push(data) });
  if (code !== expected) throw new Error(`a program ended with ${code}: ${Buffer.concat(output).toString().trim()}`);
}
