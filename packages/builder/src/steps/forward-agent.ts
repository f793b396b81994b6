import { type FileHandle, chmod, chown, open } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { basename, dirname } from 'node:path';

/** A socket's address holds no longer path. */
const MAX_SOCKET_PATH_BYTES = 107;

export interface ForwardedAgent {
  /** Where the new socket is made. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A socket of the step's own before the user's SSH agent, so that owner and mode are as the mount says. */
export async function forwardAgent(agent: string, { path, mode, uid, gid }: ForwardedAgent): Promise<AsyncDisposable> {
  const server = createServer((step) => {
    const user = connect(agent);
    step.on('error', () => user.destroy());
    user.on('error', () => step.destroy());
    step.pipe(user).pipe(step);
  });
  // A long path is reached by way of its directory.
  const directory: FileHandle | undefined =
    Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES ? await open(dirname(path)) : undefined;
  server.listen(directory === undefined ? path : `/proc/self/fd/${directory.fd}/${basename(path)}`);
  await once(server, 'listening');
  await chown(path, uid, gid);
  await chmod(path, mode);
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await directory?.close();
    },
  };
}
