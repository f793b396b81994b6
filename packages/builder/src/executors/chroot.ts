import { chmodSync, chownSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { fileSystemCalls } from '@shale/core/archive';
import { FileType, loadSystemCalls } from '@shale/core/linux';
import type { Executor, RunProcessOptions, StepProcess } from './executor.ts';
import type { MountPoint } from '../tree/mount-points.ts';
import { MountPointStubs } from '../tree/mount-points.ts';
import { runChrootProgram } from './chroot-program.ts';
import { StandIns } from './stand-ins.ts';
import { placeMount } from './mount-stand-ins.ts';
import { SandboxFailedError } from '../host/sandbox-failed-error.ts';
import type { ChrootConfinement } from './sandbox-message.ts';
import { hostsFile } from './sandbox-paths.ts';
import { stepMountPoints } from './step-mount-points.ts';
import { newStepTag } from '../host/step-tag.ts';
import { StepThreads } from './step-threads.ts';

export interface ChrootExecutorOptions {
  /** Options of Node for the threads that run steps. @default those of this thread */
  readonly execArgv?: readonly string[] | undefined;
  /** Runs the program `chroot` instead of system calls. @default where Node has no system calls */
  readonly usesProgram?: boolean | undefined;
}

const POINTS: readonly MountPoint[] = [
  { target: '/dev', type: 'directory' },
  { target: '/etc/hosts', type: 'file' },
  { target: '/etc/resolv.conf', type: 'file' },
];
const MEMORY_DEVICES = 1;
const DEVICES = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 };
const ROOT = { uid: 0, gid: 0 };

/**
 * Runs each step with nothing but another root: where neither mounts nor namespaces are allowed. The step has no `/proc`,
 * sees the host's name and network, and gets copies of what it asks to be mounted. It may signal other processes of its
 * user: this separates builds, and is no wall around hostile ones. Needs CAP_SYS_CHROOT.
 */
export function chrootExecutor({ execArgv, usesProgram }: ChrootExecutorOptions = {}): Executor {
  const threads = usesProgram === true || loadSystemCalls() === undefined ? undefined : new StepThreads(execArgv);
  return {
    name: 'chroot',
    async run(step, options) {
      options.signal?.throwIfAborted();
      refuseWhatCannotBe(step);
      const stubs = new MountPointStubs(step.root, [...POINTS, ...stepMountPoints(step.mounts)]);
      try {
        return await runWithStandIns(step, options, threads);
      } finally {
        stubs[Symbol.dispose]();
      }
    },
  };
}

function refuseWhatCannotBe({ network }: StepProcess): void {
  if (network === 'host') return;
  throw new SandboxFailedError('RUN --network=none needs a namespace, and the chroot executor has none', {
    hint: 'Build as root, or where user namespaces are allowed.',
  });
}

async function runWithStandIns(
  step: StepProcess,
  options: RunProcessOptions,
  threads: StepThreads | undefined,
): Promise<number> {
  const { root } = step;
  const standIns = new StandIns(root);
  try {
    for (const mount of step.mounts) await placeMount(standIns, mount, { root, signal: options.signal });
    placeNameFiles(standIns, step);
    placeDevices(standIns);
    const pipes: ChrootConfinement = {
      type: 'chroot',
      stdout: placePipe(standIns, step, 'stdout'),
      stderr: placePipe(standIns, step, 'stderr'),
    };
    standIns.seal();
    if (threads === undefined) return await runChrootProgram(step, pipes, options);
    return await threads.run({ process: step, confinement: pipes, tag: newStepTag() }, options);
  } finally {
    await standIns[Symbol.asyncDispose]();
  }
}

function placeNameFiles(standIns: StandIns, { hostname }: StepProcess): void {
  standIns.file('/etc/hosts', hostsFile(hostname), 0o644, ROOT);
  const resolvers = existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf') : '';
  standIns.file('/etc/resolv.conf', resolvers, 0o644, ROOT);
}

function placeDevices(standIns: StandIns): void {
  for (const [name, minor] of Object.entries(DEVICES)) {
    standIns.node(`/dev/${name}`, (path) => makeDevice(path, minor));
  }
}

/** In a user namespace no device can be made. A file takes what is written to `/dev/null`, as long as the step runs. */
function makeDevice(path: string, minor: number): void {
  try {
    fileSystemCalls().makeNode(path, FileType.character | 0o666, MEMORY_DEVICES, minor);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    closeSync(openSync(path, 'wx'));
  }
  chmodSync(path, 0o666);
}

/** At `/dev/stdout` and `/dev/stderr`, unless the image has something there. */
function placePipe(standIns: StandIns, { user }: StepProcess, name: 'stdout' | 'stderr'): string {
  const make = (path: string) => {
    fileSystemCalls().makeNode(path, FileType.fifo | 0o600, 0, 0);
    chownSync(path, user.uid, user.gid);
  };
  const path = standIns.node(`/dev/${name}`, make) ?? standIns.node(`/dev/.${name}`, make);
  if (path === undefined)
    throw new SandboxFailedError(`There is no place for the output of a step in /dev of the image`);
  return path;
}
