import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessControl, type SystemCalls } from '@shale/core/linux';
import type { RunProcessOptions, SerialExecutor, StepMount, StepProcess } from './executor.ts';
import { MountPointStubs } from '../tree/mount-points.ts';
import { requireContainer } from '../host/container.ts';
import { requireToStay } from '../root/require-to-stay.ts';
import { OwnFiles } from '../root/own-files.ts';
import { OWN_DIRECTORY, RootExchange } from '../root/root-exchange.ts';
import { tryLockDirectory } from '../tree/directory-lock.ts';
import { StandIns } from './stand-ins.ts';
import { placeMount } from './mount-stand-ins.ts';
import { SandboxFailedError } from '../host/sandbox-failed-error.ts';
import { hostsFile } from './sandbox-paths.ts';
import { stepMountPoints } from './step-mount-points.ts';
import { newStepTag, reapTagged } from '../host/step-tag.ts';
import { StepThreads } from './step-threads.ts';
import { syscallNumbers } from '../host/syscall-number.ts';
import { Turns } from './turns.ts';

export interface InPlaceExecutorOptions {
  readonly calls: SystemCalls;
  /** Absolute: where this program and the trees are. It stays in place while a tree is `/`. @default '/.envbuilder' */
  readonly directory?: string | undefined;
  /** Absolute: what else this process needs at its place while a tree is `/`, as the directories of caches. */
  readonly keep?: readonly string[] | undefined;
  /** Absolute: where trees, layers and caches are. @default below `directory`, in `state` */
  readonly stateDir?: string | undefined;
  /** Options of Node for the threads that run steps. @default those of this thread */
  readonly execArgv?: readonly string[] | undefined;
}

const CREATION_MASK = 0o022;
const ROOT = { uid: 0, gid: 0 };

/**
 * Runs each step with its tree in the place of the container's root: for containers in which nothing can be mounted and no
 * namespace be made. The step has the real `/proc`, `/dev` and `/sys`, and the container's host name and network. Whatever
 * is mounted into the container, it sees. It is root of the same container as this process, so this hides no file; it
 * reads no memory, environment or descriptor of this process, because that is made undumpable.
 *
 * What a killed process left in `/` is put back first.
 * @throws {NotInContainerError} outside a container. @throws {SandboxFailedError}
 */
export function inPlaceExecutor({
  calls,
  directory = OWN_DIRECTORY,
  keep = [],
  stateDir = join(directory, 'state'),
  execArgv,
}: InPlaceExecutorOptions): SerialExecutor {
  requireContainer('Steps cannot run in place');
  const exchange = new RootExchange(directory, keep);
  requireToStay(exchange, 'Steps cannot run in place');
  if (tryLockDirectory(calls, exchange.open(), 'exclusive') === undefined)
    throw new SandboxFailedError(`Another process runs steps in place, from ${directory}`, {
      hint: 'Wait until it has ended, or build in another container.',
    });
  exchange.recover();
  calls.prctl(ProcessControl.setDumpable, 0);
  process.umask(CREATION_MASK); // steps inherit it, and no thread can have its own here
  const threads = new StepThreads(execArgv);
  let lastStepEndedMs = 0;
  const [turns, exchanges] = [new Turns(), new Turns()];
  return {
    name: 'in-place',
    takeTurn: (options) => turns.take(options),
    async run(step, options) {
      using _ = await exchanges.take(options);
      refuseWhatCannotBe(step, exchange);
      const own = new OwnFiles(directory, stateDir);
      try {
        return await runInTree(step, options, { calls, exchange, threads });
      } finally {
        lastStepEndedMs = performance.now();
        refuseChanges(own.settle());
      }
    },
    lastStepEndedMs: () => lastStepEndedMs,
  };
}

interface Means {
  readonly calls: SystemCalls;
  readonly exchange: RootExchange;
  readonly threads: StepThreads;
}

function refuseWhatCannotBe({ network, root }: StepProcess, exchange: RootExchange): void {
  if (network === 'none') {
    throw new SandboxFailedError('RUN --network=none needs a namespace, and the in-place executor has none', {
      hint: 'Build as root, or where user namespaces are allowed.',
    });
  }
  const hint = `Keep the state directory below ${exchange.directory}, and mount nothing there.`;
  if (!exchange.keptNow().covers(root)) throw new SandboxFailedError(`Trees cannot be in ${root}`, { hint });
  if (statSync(root).dev !== statSync('/').dev)
    throw new SandboxFailedError(`${root} is on another file system than /`, { hint });
}

function refuseChanges(changed: readonly string[]): void {
  if (changed.length === 0) return;
  throw new SandboxFailedError(`The step changed files that shale runs from: ${changed.join(', ')}`, {
    hint: 'Nothing that it made is kept. Start from a fresh container.',
  });
}

async function runInTree(
  step: StepProcess,
  options: RunProcessOptions,
  { calls, exchange, threads }: Means,
): Promise<number> {
  options.signal?.throwIfAborted();
  const resolvers = ownResolvers();
  const [tag, numbers] = [newStepTag(), syscallNumbers()];
  exchange.enter(step.root, tag);
  try {
    const mounts = step.mounts.map((mount) => withSourceNow(mount, exchange));
    using _ = new MountPointStubs('/', stepMountPoints(mounts));
    await using standIns = new StandIns('/', () => exchange.newAside());
    for (const mount of mounts) await placeMount(standIns, mount, { root: '/', signal: options.signal });
    const kept = exchange.keptNow();
    if (!kept.covers('/etc/hosts')) standIns.file('/etc/hosts', hostsFile(step.hostname), 0o644, ROOT);
    if (!kept.covers('/etc/resolv.conf')) standIns.file('/etc/resolv.conf', resolvers, 0o644, ROOT);
    standIns.seal();
    const order = { process: step, confinement: { type: 'in-place' } as const, tag };
    return await threads.run(order, options);
  } finally {
    if (tag !== undefined && numbers !== undefined) reapTagged(calls, numbers, tag);
    const relinked = exchange.leave(step.root);
    options.onRelinked?.(relinked);
  }
}

/** The container's own files are aside. */
function withSourceNow(mount: StepMount, exchange: RootExchange): StepMount {
  return mount.type === 'tmpfs' ? mount : { ...mount, source: exchange.whereIs(mount.source) };
}

function ownResolvers(): string {
  return existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : '';
}
