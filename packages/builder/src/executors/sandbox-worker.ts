/** A worker thread that becomes the sandbox of one step, and ends with it. @module */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import type { SystemCalls } from '@shale/core/linux';
import { CloneFlag, loadSystemCalls } from '@shale/core/linux';
import type { StepProcess } from '../executor.ts';
import { becomeUser, closeInheritedFiles, dropCapabilities, leaveKeyring, withUsualFileLimit } from './become.ts';
import { raiseLoopback } from './loopback.ts';
import { openOutputPipe } from './output-pipe.ts';
import type { SandboxOrder, SandboxReport, SandboxRequest } from './sandbox-message.ts';
import { SandboxRoot } from './sandbox-root.ts';
import type { Supervisor } from './supervisor.ts';
import { startSupervisor } from './supervisor.ts';
import type { SyscallNumbers } from './syscall-number.ts';
import { syscallNumbers } from './syscall-number.ts';

const CREATION_MASK = 0o022;
/** Output on its way to the main thread. Beyond it the step waits. */
const MAX_UNTAKEN_BYTES = 4 * 1024 * 1024;
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

const port = parentPort;
if (port === null) throw new Error('This module runs as a worker thread');
delete process.env['NODE_V8_COVERAGE']; // Node would pass it on to the step
const calls = loadSystemCalls();
const numbers = syscallNumbers();

const report = (message: SandboxReport, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

let stop = () => {};
let taken = (_bytes: number) => {};

port.on('message', (request: SandboxRequest) => {
  if (request.type === 'stop') stop();
  else if (request.type === 'taken') taken(request.bytes);
  else void runOrder(request.order);
});

async function runOrder(order: SandboxOrder): Promise<void> {
  try {
    if (calls === undefined || numbers === undefined) throw new Error('This Node has no system calls');
    report({ type: 'exited', code: await runInSandbox(calls, numbers, order) });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    report({ type: 'failed', message, code });
  }
  port?.close();
}

async function runInSandbox(calls: SystemCalls, numbers: SyscallNumbers, order: SandboxOrder): Promise<number> {
  const { process: step, processes } = order;
  closeInheritedFiles(calls, numbers);
  calls.unshare(namespacesFor(order));
  calls.syscall(numbers.umask, CREATION_MASK);
  report({ type: 'entered', mountNamespace: readlinkSync('/proc/thread-self/ns/mnt') });
  const root = new SandboxRoot(calls, numbers, order);
  root.bind();
  const supervisor = processes === 'own' ? startSupervisor(join(step.root, 'proc')) : undefined;
  try {
    root.mount();
    await supervisor?.mounted;
    root.finish();
    root.enter();
    calls.sethostname(step.hostname);
    if (step.network === 'none') raiseLoopback(calls, numbers);
    mkdirSync(step.cwd, { recursive: true, mode: 0o755 });
    calls.chdir(step.cwd);
    leaveKeyring(calls, numbers);
    dropCapabilities(calls);
    return await runStep(calls, numbers, step, supervisor);
  } finally {
    await supervisor?.end();
  }
}

function namespacesFor({ process: { network }, processes }: SandboxOrder): number {
  let flags = CloneFlag.fs | CloneFlag.newMount | CloneFlag.newIpc | CloneFlag.newUts;
  if (processes === 'own') flags |= CloneFlag.newPid;
  if (network === 'none') flags |= CloneFlag.newNet;
  return flags;
}

async function runStep(
  calls: SystemCalls,
  numbers: SyscallNumbers,
  { args: [program = '', ...rest], env, user }: StepProcess,
  supervisor: Supervisor | undefined,
): Promise<number> {
  const stdin = openSync('/dev/null', 'r');
  const stdout = openOutputPipe(calls, numbers, user);
  const stderr = openOutputPipe(calls, numbers, user);
  becomeUser(calls, numbers, user);
  const options = {
    env: environmentOf(env),
    stdio: [stdin, stdout.writeFd, stderr.writeFd],
    detached: true, // a session of its own: no terminal of the builder's
  };
  const child = withUsualFileLimit(calls, numbers, () => trySpawn(() => spawn(program, rest, options)));
  for (const fd of [stdin, stdout.writeFd, stderr.writeFd]) closeSync(fd);
  const drained = Promise.all([forward(stdout.reader, 'stdout'), forward(stderr.reader, 'stderr')]);
  stop = () => stopStep(child, supervisor);
  const code = await exitCode(child, program);
  await supervisor?.end();
  if (supervisor === undefined) report({ type: 'left' });
  await drained;
  return code;
}

/** Node throws some failures of `execve`, and emits the others. */
function trySpawn(start: () => ChildProcess): ChildProcess | NodeJS.ErrnoException {
  try {
    return start();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

function stopStep(child: ChildProcess | Error, supervisor: Supervisor | undefined): void {
  stop = () => void supervisor?.end();
  if (child instanceof Error || child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGTERM');
  } catch {
    stop(); // a setuid program of another user, or one that ended just now
  }
}

async function exitCode(child: ChildProcess | NodeJS.ErrnoException, program: string): Promise<number> {
  if (child instanceof Error) return failedToStart(child, program);
  const error = once(child, 'error').then(([failure]) => failedToStart(failure as NodeJS.ErrnoException, program));
  const exit = new Promise<number>((resolve) =>
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
    }),
  );
  return Promise.race([error, exit]);
}

function failedToStart({ code, message }: NodeJS.ErrnoException, program: string): number {
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  const reason = isMissing ? 'not found in the image' : `cannot be executed: ${code ?? message}`;
  report({ type: 'output', stream: 'stderr', data: Buffer.from(`${program}: ${reason}\n`) });
  return isMissing ? NOT_FOUND : NOT_EXECUTABLE;
}

function environmentOf(env: readonly string[]): Record<string, string> {
  const pairs = env.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

const readers = new Set<{ pause(): void; resume(): void }>();
let untaken = 0;

taken = (bytes) => {
  const wasFull = untaken > MAX_UNTAKEN_BYTES;
  untaken -= bytes;
  if (wasFull && untaken <= MAX_UNTAKEN_BYTES) for (const reader of readers) reader.resume();
};

async function forward(reader: NodeJS.ReadableStream, stream: 'stdout' | 'stderr'): Promise<void> {
  readers.add(reader);
  reader.on('data', (chunk: Buffer<ArrayBuffer>) => {
    untaken += chunk.byteLength;
    const isWhole = chunk.byteLength === chunk.buffer.byteLength;
    report({ type: 'output', stream, data: chunk }, isWhole ? [chunk.buffer] : []);
    if (untaken > MAX_UNTAKEN_BYTES) for (const each of readers) each.pause();
  });
  await once(reader, 'end');
  readers.delete(reader);
}
