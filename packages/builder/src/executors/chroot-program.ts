import { openSync } from 'node:fs';
import type { RunProcessOptions, StepProcess } from './executor.ts';
import { makeInTree } from '../tree/scoped-path.ts';
import { findHostProgram, hostProgram } from '../host/host-program.ts';
import { openNamedPipe } from './output-pipe.ts';
import type { ChrootConfinement } from './sandbox-message.ts';
import { StepProgram } from './step-program.ts';
import { killTagged, newStepTag } from '../host/step-tag.ts';
import { GRACE_MS } from './step-threads.ts';

/** In the tree: `chroot` itself starts in its root. */
const IN_DIRECTORY = ['/bin/sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh'];

/** For a Node without system calls: the programs `chroot` of coreutils and `prlimit` of util-linux. */
export async function runChrootProgram(
  step: StepProcess,
  { stdout, stderr }: ChrootConfinement,
  { signal, onOutput }: RunProcessOptions,
): Promise<number> {
  const tag = newStepTag();
  makeInTree(step.root, step.cwd, 'directory');
  const stdin = openSync('/dev/null', 'r');
  const pipes = [openNamedPipe(stdout), openNamedPipe(stderr)] as const;
  pipes[0].reader.on('data', (data: Buffer) => onOutput('stdout', data));
  pipes[1].reader.on('data', (data: Buffer) => onOutput('stderr', data));
  const drained = Promise.all(pipes.map(({ reader }) => new Promise((resolve) => reader.once('close', resolve))));
  const program = withUsualMask(
    () => new StepProgram({ ...step, args: chrootCommand(step, tag) }, [stdin, ...pipes.map(({ writeFd }) => writeFd)]),
  );
  const kill = () => {
    program.kill('SIGKILL');
    if (tag !== undefined) killTagged(tag);
  };
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    program.kill('SIGTERM');
    timer = setTimeout(kill, GRACE_MS);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const { code } = await program.outcome();
    kill();
    await drained;
    signal?.throwIfAborted();
    return code;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

function withUsualMask<T>(work: () => T): T {
  const mask = process.umask(0o022);
  try {
    return work();
  } finally {
    process.umask(mask);
  }
}

function chrootCommand({ root, args, cwd, user }: StepProcess, tag: number | undefined): string[] {
  const prlimit = findHostProgram('prlimit');
  const limits = [`--nofile=1024:`, ...(tag === undefined ? [] : [`--msgqueue=${tag}:`])];
  const identity = [`--userspec=${user.uid}:${user.gid}`, `--groups=${user.groups.join(',')}`];
  const inside = cwd === '/' ? args : [...IN_DIRECTORY, cwd, ...args];
  const command = [hostProgram('chroot', 'coreutils'), ...identity, root, ...inside];
  return prlimit === undefined ? command : [prlimit, ...limits, ...command];
}
