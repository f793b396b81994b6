import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Executor, RunProcessOptions, StepProcess } from '../executor.ts';
import type { MountPoint } from '../isolation/mount-points.ts';
import { MountPointStubs } from '../isolation/mount-points.ts';
import { killMountNamespace } from './kill-mount-namespace.ts';
import type { SandboxOrder, SandboxReport, SandboxRequest } from './sandbox-message.ts';
import { SandboxFailedError } from './sandbox-failed-error.ts';
import { stepMountPoints } from './step-mount-points.ts';

export interface NamespacesExecutorOptions {
  /** See `SandboxOrder`. @default 'own' */
  readonly processes?: SandboxOrder['processes'] | undefined;
  /** Whether this process has its rights in a user namespace only. @default false */
  readonly isUserNamespace?: boolean | undefined;
  /** Options of Node for the threads that run steps. @default those of this thread */
  readonly execArgv?: readonly string[] | undefined;
}

/** How long a step may take to end after SIGTERM. */
const GRACE_MS = 2000;

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
 * the right to mount, and `enterPrivateMounts()` before.
 */
export function namespacesExecutor({
  processes = 'own',
  isUserNamespace = false,
  execArgv,
}: NamespacesExecutorOptions = {}): Executor {
  let spare: Worker | undefined;
  const startWorker = () => startSandbox(execArgv);
  return {
    name: 'namespaces',
    async run(step, options) {
      options.signal?.throwIfAborted();
      await stat('/'); // starts Node's thread pool, which a thread in a new pid namespace could not
      const stubs = new MountPointStubs(step.root, [...POINTS, ...stepMountPoints(step.mounts)]);
      const worker = spare ?? startWorker();
      spare = undefined;
      worker.ref();
      try {
        const outcome = superviseStep(worker, { process: step, processes, isUserNamespace }, options);
        spare ??= startWorker(); // loads while this step runs
        return await outcome;
      } finally {
        await worker.terminate();
        stubs[Symbol.dispose]();
      }
    },
  };
}

function startSandbox(execArgv: readonly string[] | undefined): Worker {
  const module = new URL(`./sandbox-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(module, {
    name: 'shale-step',
    trackUnmanagedFds: false,
    ...(execArgv && { execArgv: [...execArgv] }),
  });
  worker.unref();
  return worker;
}

function superviseStep(worker: Worker, order: SandboxOrder, options: RunProcessOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const send = (request: SandboxRequest) => worker.postMessage(request, []);
  let mountNamespace: string | undefined;
  const killLeftovers = () => {
    if (order.processes === 'shared' && mountNamespace !== undefined) killMountNamespace(mountNamespace);
  };

  worker.on('message', (report: SandboxReport) => {
    switch (report.type) {
      case 'entered':
        mountNamespace = report.mountNamespace;
        return;
      case 'output':
        options.onOutput(report.stream, report.data);
        return send({ type: 'taken', bytes: report.data.byteLength });
      case 'left':
        return killLeftovers();
      case 'exited':
        return options.signal?.aborted ? reject(options.signal.reason) : resolve(report.code);
      case 'failed':
        return reject(sandboxFailure(order.process, report));
    }
  });
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('The thread of a step ended without a report')));

  const stop = () => {
    send({ type: 'stop' });
    const timer = setTimeout(() => {
      send({ type: 'stop' });
      killLeftovers();
    }, GRACE_MS);
    worker.once('exit', () => clearTimeout(timer));
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  send({ type: 'run', order });
  return promise.finally(() => options.signal?.removeEventListener('abort', stop));
}

function sandboxFailure({ root }: StepProcess, report: Extract<SandboxReport, { type: 'failed' }>): Error {
  const cause = Object.assign(new Error(report.message), { code: report.code });
  return new SandboxFailedError(`The sandbox of a step in ${root} cannot be set up: ${report.message}`, {
    cause,
    hint: 'Try another way with --isolation; `--isolation auto` tests what works here.',
  });
}
