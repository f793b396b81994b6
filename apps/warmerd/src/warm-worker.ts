import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import type { CallOptions } from '@shale/core';
import type { ExchangeListener } from '@shale/registry';
import type { WarmListener, WarmResult } from '@shale/warmer';
import type { FromWorker, RunRequest, ToWorker } from './warm-request.ts';

/** Idle time after which the process ends, in milliseconds. The next run starts another one. */
const IDLE_MS = 5_000;

interface OpenRun {
  readonly onEvent: WarmListener;
  readonly resolve: (results: readonly WarmResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Warms images in a process of its own, which runs at the same time share. */
export class WarmWorker implements Disposable {
  readonly #onExchange: ExchangeListener;
  readonly #runs = new Map<number, OpenRun>();
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  constructor(onExchange: ExchangeListener) {
    this.#onExchange = onExchange;
  }

  /** @throws when the signal aborts or the process ends */
  async run(
    request: RunRequest,
    { onEvent, signal }: CallOptions & { readonly onEvent: WarmListener },
  ): Promise<readonly WarmResult[]> {
    signal?.throwIfAborted();
    clearTimeout(this.#idle);
    const child = (this.#child ??= this.#start());
    const id = (this.#lastId += 1);
    const { promise, resolve, reject } = Promise.withResolvers<readonly WarmResult[]>();
    const abort = () => send(child, { type: 'abort', id });
    signal?.addEventListener('abort', abort, { once: true });
    this.#runs.set(id, { onEvent, resolve, reject });
    send(child, { type: 'run', id, request });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#runs.delete(id);
      if (this.#runs.size === 0) this.#idle = setTimeout(() => this[Symbol.dispose](), IDLE_MS).unref();
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idle);
    this.#child?.disconnect();
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const url = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
    const execArgv = process.execArgv.filter((flag) => !flag.includes('semi-space')); // the worker moves bytes, and needs more
    const child = fork(url, { execArgv, serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.on('message', (message) => this.#take(message as FromWorker));
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.#child = undefined;
      if (this.#child !== undefined) return;
      for (const { reject } of this.#runs.values()) reject(new Error(`The worker ended with ${code ?? signal}`));
    });
    return child;
  }

  #take(message: FromWorker): void {
    if (message.type === 'exchange') return this.#onExchange(message.exchange);
    const run = this.#runs.get(message.id);
    if (message.type === 'event') run?.onEvent(message.event);
    else if (message.type === 'done') run?.resolve(message.results);
    else run?.reject(message.error);
  }
}

function send(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined); // if it ends, its exit rejects the runs
}
