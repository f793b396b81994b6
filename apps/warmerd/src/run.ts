import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { messageOf, Resources } from '@shale/core';
import { type Config, readConfig } from './config.ts';
import { Daemon, type DaemonEvent, type DaemonOptions } from './daemon.ts';
import { formatEvent } from './format-event.ts';
import { History } from './history.ts';
import { Metrics } from './metrics.ts';
import { createServer } from './server.ts';

export interface RunOptions {
  /** Path of the config file. */
  readonly config: string;
  readonly once: boolean;
  readonly serve: boolean;
  readonly listen?: string | undefined;
}

/** Longest wait for runs to stop, in milliseconds. */
const STOP_MS = 4000;

/** Runs the daemon until SIGTERM or SIGINT, or every schedule once. @returns the exit code */
export async function run(options: RunOptions, environment: DaemonOptions['environment']): Promise<number> {
  const config = await configOf(options);
  await mkdir(config.directory, { recursive: true });
  const history = new History(config.history);
  const metrics = new Metrics(() => daemon.status());
  const daemon = new Daemon({ config, history, environment, onExchange: (exchange) => metrics.count(exchange) });
  daemon.events.on('event', (event) => {
    if (event.type === 'image.finished') metrics.add(event.result);
    if (event.type !== 'image.progress') log(event);
  });
  const stopped = stopSignal();
  try {
    if (options.once) return await runOnce(daemon, stopped);
    const running = { daemon, metrics, server: await listen(config.listen, daemon, metrics) };
    process.on('SIGHUP', () => void reload(running, options));
    daemon.start();
    void daemon.warm('start').catch(() => undefined); // an image that is already here costs one HEAD
    await stopped;
    await stop(daemon, running.server);
    return 0;
  } finally {
    daemon.history[Symbol.dispose]();
  }
}

async function runOnce(daemon: Daemon, stopped: Promise<void>): Promise<number> {
  const runs = await Promise.race([daemon.warm('start'), stopped]);
  await stop(daemon);
  if (runs === undefined) return 143;
  return runs.some(({ failed, stale, error }) => failed + stale > 0 || error !== undefined) ? 1 : 0;
}

async function configOf({ config: path, serve: isServing, listen: address }: RunOptions): Promise<Config> {
  const config = await readConfig(path);
  return { ...config, serve: config.serve || isServing, listen: address ?? config.listen };
}

interface Running {
  readonly daemon: Daemon;
  readonly metrics: Metrics;
  server: Server;
}

/** Applies a new config as a whole. If any part of it fails, the old config stays. */
async function reload(running: Running, options: RunOptions): Promise<void> {
  const { daemon, metrics } = running;
  const before = daemon.config;
  try {
    const config = await configOf(options);
    await mkdir(config.directory, { recursive: true });
    await using made = new Resources();
    const history = config.history === before.history ? undefined : made.use(new History(config.history));
    const server = config.listen === before.listen ? undefined : await listen(config.listen, daemon, metrics);
    made.move(); // nothing fails from here on
    const old = daemon.history;
    daemon.reload(config, history);
    if (history !== undefined) old[Symbol.dispose]();
    if (server !== undefined) {
      close(running.server);
      running.server = server;
    }
    log({ type: 'config.reloaded' });
  } catch (error) {
    log({ type: 'config.refused', error: messageOf(error) });
  }
}

async function listen(listenOn: string, daemon: Daemon, metrics: Metrics): Promise<Server> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(listenOn) ?? [];
  const hostname = host.replace(/^\[(.*)\]$/, '$1');
  const server = serve({ fetch: createServer(daemon, metrics).fetch, hostname, port: Number(port) }) as Server;
  await once(server, 'listening'); // rejects when the address is taken or does not exist
  const { address, port: actual } = server.address() as AddressInfo;
  log({ type: 'listening', address, port: actual });
  return server;
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** Resolves at the first signal. The second signal ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve();
        process.once(signal, () => process.exit(1));
      });
    }
  });
}

async function stop(daemon: Daemon, server?: Server): Promise<void> {
  const forced = setTimeout(() => process.exit(0), STOP_MS).unref();
  if (server !== undefined) close(server);
  await daemon[Symbol.asyncDispose]();
  clearTimeout(forced);
}

type LogEntry = DaemonEvent | { readonly type: string; readonly [fact: string]: unknown };

/** Writes one line of JSON to stderr. */
function log(entry: LogEntry): void {
  process.stderr.write(`{"time":"${new Date().toISOString()}",${formatEvent(entry as DaemonEvent).slice(1)}\n`);
}
