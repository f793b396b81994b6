import { type CallOptions, messageOf, ShaleError } from '@shale/core';
import type { SystemCalls } from '@shale/core/linux';
import { loadSystemCalls } from '@shale/core/linux';
import { makeDirectorySync } from '@shale/core/files';
import { type Executor, isSerial } from '../executors/executor.ts';
import { chrootExecutor } from '../executors/chroot.ts';
import { inPlaceExecutor, type InPlaceExecutorOptions } from '../executors/in-place.ts';
import { namespacesExecutor } from '../executors/namespaces.ts';
import type { Snapshotter } from '../snapshotters/snapshotter.ts';
import { copySnapshotter } from '../snapshotters/copy-snapshotter.ts';
import { overlaySnapshotter } from '../snapshotters/overlay-snapshotter.ts';
import { parseIsolation } from './isolation-request.ts';
import { enterPrivateMounts } from '../host/private-mounts.ts';
import { isInUserNamespace } from '../host/privileges.ts';
import { probeWithMounts, probeWithoutMounts } from './probe-executor.ts';
import { probeOverlay } from './probe-overlay.ts';

/** How steps run and trees are kept here. */
export interface Isolation {
  readonly snapshotter: Snapshotter;
  /** `undefined` where no command can be run: builds without RUN still work. */
  readonly executor: Executor | undefined;
  /** Why these. */
  readonly reason: string;
}

export interface ChooseIsolationOptions extends CallOptions {
  /** Absolute; snapshots are kept in it. Made when missing. */
  readonly stateDir: string;
  /** See `parseIsolation`. @default 'auto' */
  readonly requested?: string | undefined;
  /** For `in-place`. @see InPlaceExecutorOptions */
  readonly inPlace?: Pick<InPlaceExecutorOptions, 'directory' | 'keep'> | undefined;
}

/** Nothing that was asked for works here. */
export class IsolationUnavailableError extends ShaleError {
  readonly code = 'ISOLATION_UNAVAILABLE';
}

/**
 * Chooses the best ways that work here, by trying each: a step is run and a tree is mounted. For more than `chroot` and
 * `copy`, call `enterPrivateMounts` when the program starts.
 * @throws {IsolationUnavailableError} when what was asked for does not work, saying why. @throws {IsolationInvalidError}
 */
export async function chooseIsolation(options: ChooseIsolationOptions): Promise<Isolation> {
  const request = parseIsolation(options.requested ?? 'auto');
  const host = await examineHost(options);
  const executor =
    request.executor === 'none'
      ? { chosen: undefined, failures: [] }
      : await firstWorking(request.executor, executorCandidates(host));
  const serial = executor.chosen !== undefined && isSerial(executor.chosen) ? executor.chosen : undefined;
  // a serial executor renames trees, which mounts do not allow
  const snapshotter = await firstWorking(
    serial === undefined ? request.snapshotter : 'copy',
    snapshotterCandidates(host, serial && (() => serial.lastStepEndedMs())),
  );
  if (snapshotter.chosen === undefined) throw unavailable('snapshotter', request.snapshotter, snapshotter.failures);
  if (executor.chosen === undefined && request.executor !== undefined && request.executor !== 'none') {
    throw unavailable('executor', request.executor, executor.failures);
  }
  const reason = [host.standing, ...snapshotter.failures, ...executor.failures].join('; ');
  return { snapshotter: snapshotter.chosen, executor: executor.chosen, reason };
}

interface Host {
  readonly options: ChooseIsolationOptions;
  readonly calls: SystemCalls | undefined;
  readonly isUserNamespace: boolean;
  /** Why mounts of our own are not possible; `undefined` when they are. */
  readonly mountsDenied: string | undefined;
  /** Who we are, for the reason. */
  readonly standing: string;
}

async function examineHost(options: ChooseIsolationOptions): Promise<Host> {
  const calls = loadSystemCalls();
  const isUserNamespace = isInUserNamespace();
  const isRoot = process.getuid?.() === 0;
  const standing = isRoot ? (isUserNamespace ? 'root in a user namespace' : 'root') : 'not root';
  return { options, calls, isUserNamespace, standing, mountsDenied: await whyNoMounts(calls) };
}

async function whyNoMounts(calls: SystemCalls | undefined): Promise<string | undefined> {
  if (calls === undefined) return 'this Node has no node:ffi';
  try {
    return (await enterPrivateMounts(calls)) ? undefined : 'enterPrivateMounts() was called too late';
  } catch (error) {
    return messageOf(error);
  }
}

interface Candidate<T> {
  readonly name: string;
  /** @throws why it does not work. */
  open(): Promise<T>;
}

interface Outcome<T> {
  readonly chosen: T | undefined;
  /** What was tried before, and why not. */
  readonly failures: readonly string[];
}

async function firstWorking<T>(
  requested: string | undefined,
  candidates: readonly Candidate<T>[],
): Promise<Outcome<T>> {
  const failures: string[] = [];
  for (const candidate of candidates) {
    if (requested !== undefined && requested !== candidate.name) continue;
    try {
      return { chosen: await candidate.open(), failures };
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      failures.push(`not ${candidate.name}: ${messageOf(error)}`);
    }
  }
  return { chosen: undefined, failures };
}

function unavailable(kind: string, requested: string | undefined, failures: readonly string[]): Error {
  const what = requested === undefined ? `No ${kind} works here` : `The ${kind} ${requested} does not work here`;
  return new IsolationUnavailableError(`${what}: ${failures.join('; ')}`, {
    hint: 'Leave the choice open to get what works, or run as root.',
  });
}

function snapshotterCandidates(
  { options, calls, isUserNamespace, mountsDenied }: Host,
  lastIntrusionMs: (() => number) | undefined,
): Candidate<Snapshotter>[] {
  return [
    {
      name: 'overlay',
      async open() {
        if (calls === undefined || mountsDenied !== undefined) throw new Error(mountsDenied);
        probeOverlay(calls, options.stateDir, isUserNamespace);
        return overlaySnapshotter({ stateDir: options.stateDir, calls, isUserNamespace });
      },
    },
    { name: 'copy', open: async () => copySnapshotter({ stateDir: options.stateDir, calls, lastIntrusionMs }) },
  ];
}

function executorCandidates({ options, calls, isUserNamespace, mountsDenied }: Host): Candidate<Executor>[] {
  return [
    {
      name: 'namespaces',
      async open() {
        if (calls !== undefined && mountsDenied !== undefined) throw new Error(mountsDenied);
        return openNamespaces(isUserNamespace, options);
      },
    },
    {
      name: 'in-place',
      async open() {
        if (calls === undefined) throw new Error(mountsDenied);
        const { stateDir, inPlace } = options;
        const executor = inPlaceExecutor({ calls, stateDir, ...inPlace });
        makeDirectorySync(stateDir, { mode: 0o700 });
        await probeWithoutMounts(executor, { ...options, parent: stateDir });
        return executor;
      },
    },
    {
      name: 'chroot',
      async open() {
        const executor = chrootExecutor();
        await probeWithoutMounts(executor, options);
        return executor;
      },
    },
  ];
}

/** In a user namespace inside a container no new `/proc` can be mounted: steps then see the container's. */
async function openNamespaces(isUserNamespace: boolean, options: ChooseIsolationOptions): Promise<Executor> {
  const own = namespacesExecutor({ isUserNamespace });
  try {
    await probeWithMounts(own, options);
    return own;
  } catch (error) {
    options.signal?.throwIfAborted();
    const shared = namespacesExecutor({ isUserNamespace, processes: 'shared' });
    await probeWithMounts(shared, options).catch(() => Promise.reject(error)); // the first failure tells more
    return shared;
  }
}
