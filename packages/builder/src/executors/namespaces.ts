import { loadSystemCalls } from '@shale/core/linux';
import type { Executor } from './executor.ts';
import type { MountPoint } from '../tree/mount-points.ts';
import { MountPointStubs } from '../tree/mount-points.ts';
import { runNamespacesProgram } from './namespaces-program.ts';
import type { NamespacesConfinement } from './sandbox-message.ts';
import { stepMountPoints } from './step-mount-points.ts';
import { newStepTag } from '../host/step-tag.ts';
import { StepThreads } from './step-threads.ts';

export interface NamespacesExecutorOptions {
  /** See `NamespacesConfinement`. @default 'own' */
  readonly processes?: NamespacesConfinement['processes'] | undefined;
  /** Whether this process has its rights in a user namespace only. @default false */
  readonly isUserNamespace?: boolean | undefined;
  /** Options of Node for the threads that run steps. @default those of this thread */
  readonly execArgv?: readonly string[] | undefined;
  /** Runs programs of util-linux instead of system calls. @default where Node has no system calls */
  readonly usesPrograms?: boolean | undefined;
}

const POINTS: readonly MountPoint[] = [
  { target: '/proc', type: 'directory' },
  { target: '/sys', type: 'directory' },
  { target: '/dev', type: 'directory' },
  { target: '/etc/hosts', type: 'file' },
  { target: '/etc/resolv.conf', type: 'file' },
];

/**
 * Runs each step in namespaces of its own: mounts, processes, IPC and host name, and the network where it has none. A
 * worker thread becomes the sandbox: it enters the namespaces, changes its root and user, and starts the program. Needs
 * the right to mount.
 */
export function namespacesExecutor({
  processes = 'own',
  isUserNamespace = false,
  execArgv,
  usesPrograms = loadSystemCalls() === undefined,
}: NamespacesExecutorOptions = {}): Executor {
  const threads = new StepThreads(execArgv);
  const confinement = { type: 'namespaces', processes, isUserNamespace } as const;
  return {
    name: 'namespaces',
    async run(step, options) {
      options.signal?.throwIfAborted();
      const stubs = new MountPointStubs(step.root, [...POINTS, ...stepMountPoints(step.mounts)]);
      try {
        if (usesPrograms) return await runNamespacesProgram(step, options);
        const tag = processes === 'shared' ? newStepTag() : undefined;
        return await threads.run({ process: step, confinement, tag }, options);
      } finally {
        stubs[Symbol.dispose]();
      }
    },
  };
}
