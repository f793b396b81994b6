/** A worker thread that becomes the sandbox of one step, and ends with it. @module */
import { openSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import type { SystemCalls } from '@shale/core/linux';
import { CloneFlag, loadSystemCalls } from '@shale/core/linux';
import type { StepProcess } from './executor.ts';
import { makeInTree } from '../tree/scoped-path.ts';
import {
  becomeUser,
  CHROOT_CAPABILITIES,
  closeInheritedFiles,
  DOCKER_CAPABILITIES,
  dropCapabilities,
  filterCalls,
  leaveKeyring,
  withStepLimits,
} from './drop-privileges.ts';
import { stayBelowRoot } from './landlock.ts';
import { raiseLoopback } from './loopback.ts';
import { OutputForwarder } from './output-forwarder.ts';
import type { OutputPipe } from './output-pipe.ts';
import { openNamedPipe, openOutputPipe } from './output-pipe.ts';
import type {
  ChrootConfinement,
  NamespacesConfinement,
  SandboxOrder,
  SandboxReport,
  SandboxRequest,
} from './sandbox-message.ts';
import { SandboxRoot } from './sandbox-root.ts';
import { withSpawnLock } from './spawn-lock.ts';
import { StepProgram } from './step-program.ts';
import type { Supervisor } from './supervisor.ts';
import { startSupervisor } from './supervisor.ts';
import type { SyscallNumbers } from '../host/syscall-number.ts';
import { syscallNumbers } from '../host/syscall-number.ts';

const CREATION_MASK = 0o022;

const port = parentPort;
if (port === null) throw new Error('This module runs as a worker thread');
delete process.env['NODE_V8_COVERAGE']; // Node would pass it on to the step
flushCompileCache(); // at the end of the thread, its path would lead into the step's root

const report = (message: SandboxReport, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
const output = new OutputForwarder(report);
let program: StepProgram | undefined;
let supervisor: Supervisor | undefined;
let stops = 0;

port.on('message', (request: SandboxRequest) => {
  if (request.type === 'stop') stop();
  else if (request.type === 'taken') output.taken(request.bytes);
  else void obey(request.order);
});

function stop(): void {
  stops += 1;
  if (stops > 1 || program?.kill('SIGTERM') !== true) void supervisor?.end();
}

async function obey(order: SandboxOrder): Promise<void> {
  try {
    const [calls, numbers] = [loadSystemCalls(), syscallNumbers()];
    if (calls === undefined || numbers === undefined) throw new Error('this Node has no system calls');
    const sandbox = new Sandbox(calls, numbers, order);
    report({ type: 'exited', code: await sandbox.run() });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    report({ type: 'failed', message, code });
  }
  port?.close();
}

class Sandbox {
  readonly #calls: SystemCalls;
  readonly #numbers: SyscallNumbers;
  readonly #step: StepProcess;
  readonly #order: SandboxOrder;
  #kept: ReadonlySet<number> = DOCKER_CAPABILITIES;

  constructor(calls: SystemCalls, numbers: SyscallNumbers, order: SandboxOrder) {
    this.#calls = calls;
    this.#numbers = numbers;
    this.#step = order.process;
    this.#order = order;
  }

  run(): Promise<number> {
    const { confinement } = this.#order;
    switch (confinement.type) {
      case 'namespaces':
        return this.#runInNamespaces(confinement);
      case 'chroot':
        return this.#runInChroot(confinement);
      case 'in-place':
        return this.#runInPlace();
    }
  }

  async #runInNamespaces(confinement: NamespacesConfinement): Promise<number> {
    const [calls, numbers, step] = [this.#calls, this.#numbers, this.#step];
    this.#leaveThread(namespacesFor(step, confinement));
    const root = new SandboxRoot(calls, numbers, step, confinement);
    root.bind();
    if (confinement.processes === 'own') supervisor = startSupervisor(join(step.root, 'proc'));
    try {
      root.mount();
      await supervisor?.mounted;
      root.finish();
      root.enter();
      calls.sethostname(step.hostname);
      if (step.network === 'none') raiseLoopback(calls, numbers);
      this.#dropCapabilities(DOCKER_CAPABILITIES);
      return await this.#run(() => [
        openOutputPipe(calls, numbers, step.user),
        openOutputPipe(calls, numbers, step.user),
      ]);
    } finally {
      await supervisor?.end();
    }
  }

  async #runInChroot({ stdout, stderr }: ChrootConfinement): Promise<number> {
    this.#leaveThread(CloneFlag.fs);
    const stdin = openSync('/dev/null', 'r');
    const pipes = [openNamedPipe(stdout), openNamedPipe(stderr)] as const;
    this.#calls.chroot(this.#step.root);
    this.#calls.chdir('/');
    stayBelowRoot(this.#calls);
    this.#dropCapabilities(CHROOT_CAPABILITIES);
    return this.#run(() => pipes, stdin);
  }

  /** No new root and no directory of its own for this thread: default containers refuse to `unshare`. */
  async #runInPlace(): Promise<number> {
    const [calls, numbers, step] = [this.#calls, this.#numbers, this.#step];
    closeInheritedFiles(calls, numbers);
    this.#dropCapabilities(DOCKER_CAPABILITIES);
    const cwd = makeInTree('/', step.cwd, 'directory');
    return this.#start(cwd, () => [
      openOutputPipe(calls, numbers, step.user),
      openOutputPipe(calls, numbers, step.user),
    ]);
  }

  #dropCapabilities(kept: ReadonlySet<number>): void {
    this.#kept = kept;
    if (this.#step.security === 'sandbox') dropCapabilities(this.#calls, kept);
  }

  /** What this thread shares with the others, and must not change for them. */
  #leaveThread(flags: number): void {
    closeInheritedFiles(this.#calls, this.#numbers);
    this.#calls.unshare(flags);
    this.#calls.syscall(this.#numbers.umask, CREATION_MASK);
  }

  /** Runs the program in the root that this thread is in. */
  async #run(openPipes: () => readonly [OutputPipe, OutputPipe], stdin?: number): Promise<number> {
    this.#calls.chdir(makeInTree('/', this.#step.cwd, 'directory'));
    return this.#start(undefined, openPipes, stdin);
  }

  /** @param cwd Where the thread itself is when `undefined`. */
  async #start(
    cwd: string | undefined,
    openPipes: () => readonly [OutputPipe, OutputPipe],
    stdin: number = openSync('/dev/null', 'r'),
  ): Promise<number> {
    const [calls, numbers, step] = [this.#calls, this.#numbers, this.#step];
    leaveKeyring(calls, numbers);
    const [stdout, stderr] = openPipes();
    if (step.security === 'sandbox') filterCalls(calls, this.#kept);
    becomeUser(calls, numbers, step.user);
    if (stops > 0) throw new Error('stopped before it started');
    const stdio = [stdin, stdout.writeFd, stderr.writeFd];
    const { spawnLock, tag } = this.#order;
    program = withSpawnLock(spawnLock, () =>
      withStepLimits(calls, numbers, tag, () => new StepProgram(step, stdio, cwd)),
    );
    const drained = Promise.all([output.forward(stdout.reader, 'stdout'), output.forward(stderr.reader, 'stderr')]);
    const { code, complaint } = await program.outcome();
    if (supervisor === undefined) report({ type: 'left' });
    await supervisor?.end();
    await drained;
    if (complaint !== undefined) report({ type: 'output', stream: 'stderr', data: Buffer.from(complaint) });
    return code;
  }
}

function namespacesFor({ network }: StepProcess, { processes }: NamespacesConfinement): number {
  let flags = CloneFlag.fs | CloneFlag.newMount | CloneFlag.newIpc | CloneFlag.newUts;
  if (processes === 'own') flags |= CloneFlag.newPid;
  if (network === 'none') flags |= CloneFlag.newNet;
  return flags;
}
