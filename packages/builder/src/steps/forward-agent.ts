import { type FileHandle, chmod, chown, open as openFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
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
  const open = new Set<Socket>();
  const server = createServer((step) => {
    const user = connect(agent);
    for (const socket of [step, user]) open.add(socket.once('close', () => open.delete(socket)));
    step.on('error', () => user.destroy());
    user.on('error', () => step.destroy());
    step.pipe(user).pipe(step);
  });
  // A long path is reached by way of its directory.
  const directory: FileHandle | undefined =
    Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES ? await openFile(dirname(path)) : undefined;
  server.listen(directory === undefined ? path : `/proc/self/fd/${directory.fd}/${basename(path)}`);
  await once(server, 'listening');
  await chown(path, uid, gid);
  await chmod(path, mode);
  return {
    async [Symbol.asyncDispose]() {
      // Whatever is still open keeps the file system of the socket from being unmounted.
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
      await directory?.close();
    },
  };
}
