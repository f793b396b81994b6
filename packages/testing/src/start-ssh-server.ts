import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openScratchDirectory } from '@shale/core/files';

export interface TestSshServer extends AsyncDisposable {
  readonly port: number;
  /** A file with the private key that the server accepts. */
  readonly clientKey: string;
  /** A line for a known_hosts file. */
  readonly knownHost: string;
}

const SSHD_BIN = '/usr/sbin/sshd'; // sshd executes itself again, and requires an absolute path for that

/** Starts the real sshd on a free port. Its clients become the user of this process. Needs Debian's `openssh-server`. */
export async function startSshServer({
  address = '127.0.0.1',
}: {
  readonly address?: string;
} = {}): Promise<TestSshServer> {
  const scratch = await openScratchDirectory();
  const { path } = scratch;
  chmodSync(path, 0o755);
  mkdirSync('/run/sshd', { recursive: true });
  for (const name of ['host', 'client']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(path, name)]);
  }
  writeFileSync(join(path, 'authorized'), readFileSync(join(path, 'client.pub')), { mode: 0o600 });
  const port = await freePort(address);
  const config = join(path, 'config');
  writeFileSync(
    config,
    [
      `Port ${port}`,
      `ListenAddress ${address}`,
      `HostKey ${join(path, 'host')}`,
      `AuthorizedKeysFile ${join(path, 'authorized')}`,
      `PidFile ${join(path, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      'LogLevel INFO',
      '',
    ].join('\n'),
  );
  const server = spawn(SSHD_BIN, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await listening(server);
  } catch (cause) {
    await scratch[Symbol.asyncDispose]();
    throw new Error(`Could not start ${SSHD_BIN}: apt-get install openssh-server`, { cause });
  }
  const [type, key] = readFileSync(join(path, 'host.pub'), 'utf8').split(' ');
  return {
    port,
    clientKey: join(path, 'client'),
    knownHost: `[${address}]:${port} ${type} ${key}\n`,
    async [Symbol.asyncDispose]() {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
      await scratch[Symbol.asyncDispose]();
    },
  };
}

async function freePort(address: string): Promise<number> {
  const probe = createServer().listen(0, address);
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

function listening(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    server.once('error', reject);
    server.once('exit', () => reject(new Error(lines.join('\n'))));
    createInterface(server.stderr as NodeJS.ReadableStream).on('line', (line) => {
      lines.push(line);
      if (line.includes('Server listening on')) resolve();
    });
  });
}
