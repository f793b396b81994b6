import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileSystemCalls, FileType, hostPath } from '@shale/core';
import type { Executor, RunProcessOptions, StepProcess } from '../executor.ts';
import { MountPointStubs } from '../isolation/mount-points.ts';
import { resolveInTree } from '../isolation/scoped-path.ts';
import { SandboxFailedError } from './sandbox-failed-error.ts';

/** How long a step may take to end after SIGTERM. */
const GRACE_MS = 2000;
const DEVICES: Readonly<Record<string, number>> = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 };
const MEMORY_DEVICES = 1;
const PROGRAMS = ['/usr/sbin/chroot', '/usr/bin/chroot', '/sbin/chroot', '/bin/chroot'];

/**
 * Runs each step with nothing but another root: where neither mounts nor namespaces are allowed. The step has no `/proc`,
 * and no mounts of its own. Needs CAP_SYS_CHROOT, and the program `chroot` of the host.
 */
export function chrootExecutor(): Executor {
  return {
    name: 'chroot',
    async run(step, options) {
      options.signal?.throwIfAborted();
      if (step.mounts.length > 0) {
        throw new SandboxFailedError('RUN --mount needs the right to mount, which the chroot executor lacks', {
          hint: 'Build as root, or where user namespaces are allowed.',
        });
      }
      using _stubs = new MountPointStubs(step.root, [
        { target: '/dev', type: 'directory' },
        { target: '/etc/hosts', type: 'file' },
        { target: '/etc/resolv.conf', type: 'file' },
      ]);
      using _files = lendFiles(step);
      mkdirSync(hostPath(`${step.root}${step.cwd}`), { recursive: true });
      return await runProcess(step, options);
    },
  };
}

/** What every program expects, for as long as the step runs. What the image or the step put there stays as it is. */
function lendFiles({ root, hostname }: StepProcess): Disposable {
  const lent = [
    ...lendContent(root, '/etc/hosts', `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost\n`),
    ...(existsSync('/etc/resolv.conf')
      ? lendContent(root, '/etc/resolv.conf', readFileSync('/etc/resolv.conf', 'utf8'))
      : []),
    ...lendDevices(root),
  ];
  return {
    [Symbol.dispose]() {
      for (const takeBack of lent) takeBack();
    },
  };
}

/** Into an empty file only, which is empty again afterwards and has its time from before. */
function lendContent(root: string, target: string, content: string): (() => void)[] {
  const { existing: path, missing } = resolveInTree(root, target);
  const before = missing.length === 0 ? lstatSync(path, { bigint: true }) : undefined;
  if (before === undefined || !before.isFile() || before.size > 0n) return [];
  writeFileSync(path, content);
  return [
    () => {
      const now = lstatSync(path, { throwIfNoEntry: false });
      if (now?.isFile() !== true || readFileSync(path, 'utf8') !== content) return;
      truncateSync(path);
      setModified(path, before.mtimeNs);
    },
  ];
}

function lendDevices(root: string): (() => void)[] {
  const { existing: directory } = resolveInTree(root, '/dev');
  const before = modifiedAt(directory);
  const missing = Object.entries(DEVICES).filter(
    ([name]) => lstatSync(`${directory}/${name}`, { throwIfNoEntry: false }) === undefined,
  );
  for (const [name, minor] of missing) {
    fileSystemCalls().makeNode(`${directory}/${name}`, FileType.character | 0o666, MEMORY_DEVICES, minor);
  }
  const lent = modifiedAt(directory);
  return [
    () => {
      const isUntouched = modifiedAt(directory) === lent;
      for (const [name] of missing) {
        const path = `${directory}/${name}`;
        if (lstatSync(path, { throwIfNoEntry: false })?.isCharacterDevice()) unlinkSync(path);
      }
      if (isUntouched) setModified(directory, before);
    },
  ];
}

function modifiedAt(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}

function setModified(path: string, mtimeNs: bigint | undefined): void {
  if (mtimeNs === undefined) return;
  fileSystemCalls().setTimes(path, Number(mtimeNs / 1_000_000_000n), Number(mtimeNs % 1_000_000_000n));
}

function runProcess(
  { root, args, env, cwd, user }: StepProcess,
  { signal, onOutput }: RunProcessOptions,
): Promise<number> {
  const program = PROGRAMS.find((path) => existsSync(path));
  if (program === undefined)
    throw new SandboxFailedError('There is no chroot program on this host', { hint: 'Install coreutils.' });
  const inDirectory = cwd === '/' ? args : ['/bin/sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', cwd, ...args];
  const identity = [`--userspec=${user.uid}:${user.gid}`, `--groups=${user.groups.join(',')}`];
  const child = spawn(program, [...identity, root, ...inDirectory], {
    cwd: '/',
    env: Object.fromEntries(
      env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    ),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, which can be ended as one
  });
  child.stdout.on('data', (data: Buffer) => onOutput('stdout', data));
  child.stderr.on('data', (data: Buffer) => onOutput('stderr', data));
  const end = (name: NodeJS.Signals) => killGroup(child.pid, name);
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    end('SIGTERM');
    timer = setTimeout(() => end('SIGKILL'), GRACE_MS);
  };
  signal?.addEventListener('abort', stop, { once: true });
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => end('SIGKILL')); // what it left behind holds its output open
    child.once('close', (code, name) => {
      if (signal?.aborted) reject(signal.reason);
      else resolve(code ?? 128 + constants.signals[name ?? 'SIGKILL']);
    });
  }).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  });
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
