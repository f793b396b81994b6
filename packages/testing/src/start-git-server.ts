import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CertificateFiles } from './make-certificate.ts';

export interface StartGitServerOptions {
  /** Holds the repositories: `DIR/name.git` is at `URL/name.git`. */
  readonly root: string;
  /** Users who may read. @default everybody */
  readonly auth?: { readonly user: string; readonly password: string } | undefined;
  readonly tls?: CertificateFiles | undefined;
  /** Where it listens. @default '127.0.0.1' */
  readonly address?: string | undefined;
}

export interface TestGitServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** `METHOD /path` of each request; refused ones end in ` 401`. */
  readonly requests: readonly string[];
}

/** Starts the real `git http-backend` behind a loopback port. */
export async function startGitServer(options: StartGitServerOptions): Promise<TestGitServer> {
  const { root, auth, tls, address = '127.0.0.1' } = options;
  const requests: string[] = [];
  const expected = auth && `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}`;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const isRefused = expected !== undefined && request.headers.authorization !== expected;
    requests.push(`${request.method} ${request.url}${isRefused ? ' 401' : ''}`);
    if (!isRefused) return runBackend(root, request, response);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('who are you?');
  };
  const server =
    tls === undefined
      ? createServer(answer)
      : createTlsServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, answer);
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${address}:${port}`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @see https://git-scm.com/docs/git-http-backend */
function runBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const { headers } = request;
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: headers['content-type'],
      CONTENT_LENGTH: headers['content-length'],
      HTTP_CONTENT_ENCODING: headers['content-encoding'],
      HTTP_GIT_PROTOCOL: headers['git-protocol'] as string | undefined,
      REMOTE_USER: 'test',
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => undefined);
  backend.once('error', (error) => response.destroy(error));
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    backend.stdout.off('data', onData);
    const lines = head.subarray(0, end).toString('latin1').split('\r\n');
    const fields = lines.map((line) => line.split(/:\s*/, 2) as [string, string]);
    const status = fields.find(([name]) => name.toLowerCase() === 'status')?.[1];
    response.writeHead(
      status === undefined ? 200 : Number(status.slice(0, 3)),
      Object.fromEntries(fields.filter(([name]) => name.toLowerCase() !== 'status')),
    );
    response.write(head.subarray(end + 4));
    backend.stdout.pipe(response);
  };
  backend.stdout.on('data', onData);
  backend.stdout.on('end', () => response.end());
}
