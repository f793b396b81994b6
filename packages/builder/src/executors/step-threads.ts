import { stat } from 'node:fs/promises';
import { getCompileCacheDir } from 'node:module';
import { dirname, extname } from 'node:path';
import { getBuiltinModule } from 'node:process';
import { Worker } from 'node:worker_threads';
import type { RunProcessOptions } from './executor.ts';
import { SandboxFailedError } from '../host/sandbox-failed-error.ts';
import type { SandboxOrder, SandboxReport, SandboxRequest } from './sandbox-message.ts';
import { newSpawnLock } from './spawn-lock.ts';
import { killTagged } from '../host/step-tag.ts';

/** How long a step may take to end after SIGTERM. */
export const GRACE_MS = 2000;

const spawnLock = newSpawnLock();

/** Threads that become sandboxes. One is loaded ahead, while a step runs. */
export class StepThreads {
  readonly #execArgv: readonly string[] | undefined;
  #spare: Worker | undefined;

  /** @param execArgv Options of Node for the threads; those of this thread when `undefined`. */
  constructor(execArgv: readonly string[] | undefined) {
    this.#execArgv = execArgv;
  }

  /** Has a thread of its own run a step, to the exit code. Nothing of the step is left afterwards. */
  async run(step: Omit<SandboxOrder, 'spawnLock'>, options: RunProcessOptions): Promise<number> {
    options.signal?.throwIfAborted();
    const order = { ...step, spawnLock };
    await stat('/'); // starts Node's thread pool, which a thread in a new pid namespace could not
    const worker = this.#spare ?? this.#start();
    this.#spare = undefined;
    worker.ref();
    try {
      const outcome = supervise(worker, order, options);
      this.#spare ??= this.#start();
      return await outcome;
    } finally {
      await worker.terminate();
      if (order.tag !== undefined) killTagged(order.tag);
    }
  }

  #start(): Worker {
    const options = {
      name: 'shale-step',
      trackUnmanagedFds: false,
      env: { ...process.env, ...compileCache() },
      ...(this.#execArgv && { execArgv: [...this.#execArgv] }),
    };
    const embedded = embeddedModule();
    const module = new URL(`./sandbox-worker${extname(import.meta.url)}`, import.meta.url);
    const worker =
      embedded === undefined ? new Worker(module, options) : new Worker(embedded, { ...options, eval: true });
    worker.unref();
    return worker;
  }
}

/** Threads have none by themselves, and compiling takes more memory than all else in them. */
function compileCache(): Record<string, string> {
  const directory = getCompileCacheDir();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) }; // Node adds its version
}

/** In a single executable, the thread's program is in there too. */
function embeddedModule(): string | undefined {
  const sea = getBuiltinModule('node:sea');
  return sea?.isSea() ? sea.getAsset('sandbox-worker.cjs', 'utf8') : undefined;
}

function supervise(worker: Worker, order: SandboxOrder, { signal, onOutput }: RunProcessOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const send = (request: SandboxRequest) => worker.postMessage(request, []);
  const killLeftovers = () => {
    if (order.tag !== undefined) killTagged(order.tag);
  };

  worker.on('message', (report: SandboxReport) => {
    switch (report.type) {
      case 'output':
        onOutput(report.stream, report.data);
        return send({ type: 'taken', bytes: report.data.byteLength });
      case 'left':
        return killLeftovers();
      case 'exited':
        return signal?.aborted ? reject(signal.reason) : resolve(report.code);
      case 'failed':
        return reject(signal?.aborted ? signal.reason : sandboxFailure(order, report));
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
  signal?.addEventListener('abort', stop, { once: true });
  send({ type: 'run', order });
  return promise.finally(() => signal?.removeEventListener('abort', stop));
}

function sandboxFailure({ process }: SandboxOrder, report: Extract<SandboxReport, { type: 'failed' }>): Error {
  const cause = Object.assign(new Error(report.message), { code: report.code });
  return new SandboxFailedError(`The sandbox of a step in ${process.root} cannot be set up: ${report.message}`, {
    cause,
    hint: 'Try another kind of isolation.',
  });
}
