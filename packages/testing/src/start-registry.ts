import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { openScratchDirectory } from '@shale/core/files';

const REGISTRY_BIN = 'docker-registry';
const HTPASSWD_BIN = 'htpasswd';

export interface StartRegistryOptions {
  /** Asks for this user by HTTP Basic. Needs `htpasswd`. */
  readonly auth?: { readonly user: string; readonly password: string } | undefined;
  /** Asks for Bearer tokens of this server; see `startTokenServer`. */
  readonly token?: TokenIssuer | undefined;
  /** Serves https; `clientCa` also asks for client certificates. Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string | undefined } | undefined;
  /** Allows DELETE of manifests and blobs. @default true */
  readonly delete?: boolean | undefined;
  /** Refuses every write. @default false */
  readonly readOnly?: boolean | undefined;
  /** Directory that keeps the content after the registry has stopped. @default a fresh one, removed at the end */
  readonly storage?: string | undefined;
  /** @default a free one */
  readonly port?: number | undefined;
  /** @default 10_000 */
  readonly readyMs?: number | undefined;
}

export interface TokenIssuer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** Path of the PEM certificate whose key signs the tokens. */
  readonly rootCertBundle: string;
}

export interface RegistryRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
}

export interface TestRegistry extends AsyncDisposable {
  /** As in `127.0.0.1:41234`. */
  readonly host: string;
  /** As in `http://127.0.0.1:41234`. */
  readonly url: string;
  /** The requests in the access log so far, oldest first. After `flushed()` every answered request is in it. */
  requests(): readonly RegistryRequest[];
  /** Waits until the log of all requests answered so far has arrived. */
  flushed(): Promise<void>;
  /** Forgets the requests so far. */
  clearRequests(): void;
}

/** Kills the servers of tests that failed before their clean-up. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const server of running) server.kill('SIGKILL');
});

/** Starts CNCF distribution on a free loopback port. Needs Debian's `docker-registry`. */
export async function startRegistry(options: StartRegistryOptions = {}): Promise<TestRegistry> {
  const scratch = await openScratchDirectory();
  const config = join(scratch.path, 'config.yml');
  await writeFile(config, JSON.stringify(await registryConfig(options, scratch.path)));
  const server = spawn(REGISTRY_BIN, ['serve', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  running.add(server);
  const stop = async () => {
    await stopProcess(server);
    running.delete(server);
    await scratch[Symbol.asyncDispose]();
  };
  try {
    const ready = AbortSignal.timeout(options.readyMs ?? 10_000);
    const listening = firstMatch(server.stderr, /listening on (127\.0\.0\.1:\d+)/, ready);
    const [host] = await Promise.all([listening, once(server, 'spawn')]);
    const url = `${options.tls === undefined ? 'http' : 'https'}://${host}`;
    return { host, url, ...accessLog(server.stdout, url), [Symbol.asyncDispose]: stop };
  } catch (cause) {
    await stop();
    throw new Error(`Could not start ${REGISTRY_BIN}: apt-get install docker-registry`, { cause });
  }
}

async function registryConfig(options: StartRegistryOptions, scratch: string): Promise<object> {
  const { tls, token } = options;
  return {
    version: 0.1,
    storage: {
      filesystem: { rootdirectory: options.storage ?? join(scratch, 'data') },
      delete: { enabled: options.delete ?? true },
      maintenance: { readonly: { enabled: options.readOnly ?? false } },
    },
    http: {
      addr: `127.0.0.1:${options.port ?? 0}`,
      secret: 'test',
      ...(tls && {
        tls: { certificate: tls.cert, key: tls.key, ...(tls.clientCa !== undefined && { clientcas: [tls.clientCa] }) },
      }),
    },
    auth: {
      ...(options.auth && { htpasswd: { realm: 'test', path: await writePasswords(options.auth, scratch) } }),
      ...(token && {
        token: {
          realm: token.realm,
          service: token.service,
          issuer: token.issuer,
          rootcertbundle: token.rootCertBundle,
        },
      }),
    },
  };
}

async function writePasswords({ user, password }: { user: string; password: string }, scratch: string) {
  const path = join(scratch, 'htpasswd');
  const made = spawnSync(HTPASSWD_BIN, ['-niB', '-C', '4', user], { input: `${password}\n`, encoding: 'utf8' });
  if (made.error)
    throw new Error(`Could not run ${HTPASSWD_BIN}: apt-get install apache2-utils`, { cause: made.error });
  await writeFile(path, made.stdout);
  return path;
}

const LOG_LINE = /"([A-Z]+) (\S+) HTTP\/[\d.]+" (\d{3})/;

function accessLog(stdout: Readable, url: string): Pick<TestRegistry, 'requests' | 'flushed' | 'clearRequests'> {
  let requests: RegistryRequest[] = [];
  let marks = 0;
  const waiting = new Map<string, () => void>();
  createInterface(stdout).on('line', (line) => {
    const [, method, path, status] = LOG_LINE.exec(line) ?? [];
    if (method === undefined || path === undefined) return;
    const arrived = waiting.get(path);
    if (arrived) arrived();
    else requests.push({ method, path, status: Number(status) });
  });
  return {
    requests: () => requests,
    clearRequests: () => {
      requests = [];
    },
    async flushed() {
      marks += 1;
      const mark = `/v2/?test-mark=${marks}`;
      const arrived = new Promise<void>((resolve) => waiting.set(mark, resolve));
      const response = await fetch(url + mark);
      await response.arrayBuffer();
      await arrived;
    },
  };
}

/** Resolves to the first capture of `pattern` in the stream, and continues to drain the stream. */
function firstMatch(stream: Readable, pattern: RegExp, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    signal.addEventListener('abort', () => reject(new Error(`No ${pattern} in: ${text}`)), { once: true });
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      if (text.length > 64 * 1024) return;
      text += chunk;
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    stream.on('end', () => reject(new Error(`It ended: ${text}`)));
  });
}

async function stopProcess(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
}
