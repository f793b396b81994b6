import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '@shale/core';
import type { Log, LogLevel } from './log.ts';

export interface CoderLogOptions {
  readonly url: string;
  readonly token: string;
  /** Called once when lines cannot be sent. They are dropped. */
  readonly onFailure: (message: string) => void;
  /** @default the global fetch */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How long lines are collected before they are sent, in milliseconds. @default 250 */
  readonly batchMs?: number | undefined;
  /** The wait before the first retry, in milliseconds. It doubles with each retry. @default 1000 */
  readonly retryMs?: number | undefined;
  /** How long a batch is retried, in milliseconds. @default 30000 */
  readonly patienceMs?: number | undefined;
}

/** Sends the log to Coder's agent API. */
export interface CoderLog {
  readonly log: Log;
  /** Sends the rest, for 10 seconds at most. Later lines are dropped. */
  close(): Promise<void>;
}

interface Line {
  readonly created_at: string;
  readonly output: string;
  readonly level: LogLevel;
}

/** The log source of envbuilder in Coder. */
const LOG_SOURCE_ID = '3b579bf4-1ed8-4b99-87a8-e9a1e3410410';
const MAX_BATCH_LINES = 100;
const BATCH_MS = 250;
/** Coder stores at most this much for each agent. */
const MAX_TOTAL_BYTES = 1024 * 1024;
const RETRY_MS = 1000;
const MAX_RETRY_MS = 5000;
/** Coder refuses the token until the build job of the workspace has ended. */
const PATIENCE_MS = 30_000;
const CLOSE_GRACE_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Sends batches of at most 100 lines, one after another. Each is retried until the server accepts it. Every version of
 * Coder has the PATCH call.
 */
export function openCoderLog(options: CoderLogOptions): CoderLog {
  return new CoderLogClient(options);
}

class CoderLogClient implements CoderLog {
  readonly #options: CoderLogOptions;
  readonly #pending: Line[] = [];
  #sentBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();
  #isNamed = false;
  #isClosed = false;
  readonly #stop = new AbortController();

  constructor(options: CoderLogOptions) {
    this.#options = options;
  }

  readonly log: Log = (level, text) => {
    if (this.#isClosed) return;
    const created_at = new Date().toISOString();
    for (const output of text.split('\n')) {
      this.#sentBytes += Buffer.byteLength(output);
      if (this.#sentBytes > MAX_TOTAL_BYTES) return;
      this.#pending.push({ created_at, output, level });
    }
    if (this.#pending.length >= MAX_BATCH_LINES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#options.batchMs ?? BATCH_MS);
  };

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#flush();
    const grace = setTimeout(() => this.#stop.abort(), CLOSE_GRACE_MS);
    await this.#sending;
    clearTimeout(grace);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#pending.length > 0) {
      const logs = this.#pending.splice(0, MAX_BATCH_LINES);
      this.#sending = this.#sending.then(() => this.#send(logs));
    }
  }

  async #send(logs: readonly Line[]): Promise<void> {
    if (this.#stop.signal.aborted) return;
    if (!this.#isNamed) await this.#nameSource();
    const { patienceMs = PATIENCE_MS, retryMs = RETRY_MS } = this.#options;
    const deadline = Date.now() + patienceMs;
    let wait = retryMs;
    for (;;) {
      const failure = await this.#request('PATCH', 'logs', { log_source_id: LOG_SOURCE_ID, logs });
      if (failure === undefined || failure === 'dropped') return;
      if (this.#stop.signal.aborted) return;
      if (Date.now() + wait > deadline) return this.#giveUp(failure);
      await delay(wait, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, MAX_RETRY_MS);
    }
  }

  #giveUp(failure: string): void {
    this.#isClosed = true;
    this.#pending.length = 0;
    this.#stop.abort();
    this.#options.onFailure(`Lines for Coder are dropped: ${failure}`);
  }

  /** Names the source of the lines. Older servers have no such call. */
  async #nameSource(): Promise<void> {
    this.#isNamed = true;
    if (!isNewEnough(await this.#version())) return;
    await this.#request('POST', 'log-source', { id: LOG_SOURCE_ID, display_name: 'Envbuilder', icon: '' });
  }

  /** @returns for example `v2.9.1+abc`; `undefined` if the server does not say */
  async #version(): Promise<string | undefined> {
    try {
      const response = await this.#fetch('buildinfo', {});
      if (!response.ok) return undefined;
      const { version } = (await response.json()) as { version?: unknown };
      return typeof version === 'string' ? version : undefined;
    } catch {
      return undefined; // counts as old
    }
  }

  /** @returns the reason of a failure; `dropped` if the server will never accept the request */
  async #request(method: string, path: string, body: object): Promise<string | undefined> {
    const { url, token } = this.#options;
    const { host } = new URL(url);
    try {
      const response = await this.#fetch(`workspaceagents/me/${path}`, {
        method,
        headers: { 'content-type': 'application/json', 'Coder-Session-Token': token },
        body: JSON.stringify(body),
      });
      await response.body?.cancel();
      if (response.ok) return undefined;
      return response.status === 413 || response.status === 400 ? 'dropped' : `${host} answers ${response.status}`;
    } catch (error) {
      return `${host}: ${messageOf(error)}`;
    }
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    const { url, fetch = globalThis.fetch } = this.#options;
    return fetch(new URL(`api/v2/${path}`, url.endsWith('/') ? url : `${url}/`), {
      ...init,
      redirect: 'error', // the token is for this host
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
  }
}

/** Coder 2.9 was the first version with the agent API that names sources. */
function isNewEnough(version: string | undefined): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)\./.exec(version ?? '') ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 9);
}
