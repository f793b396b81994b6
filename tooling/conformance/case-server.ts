import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { once } from 'node:events';

/** Replaces the server's address in goldens, because the port differs between runs. */
export const SERVER_IN_GOLDENS = 'http://case.test';

/** Serves a case's files: downloads, and repositories in git's plain ("dumb") form. */
export interface CaseServer extends AsyncDisposable {
  readonly origin: string;
}

export async function startCaseServer(root: string): Promise<CaseServer> {
  const server = createServer((request, response) => {
    const path = join(root, normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname)));
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-length': stats.size,
      'last-modified': stats.mtime.toUTCString(),
      etag: `"${stats.size}-${stats.mtimeMs}"`,
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(path).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
