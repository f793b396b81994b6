import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';

export interface TestGitDaemon extends AsyncDisposable {
  /** `URL/name` is the repository `name` below the root. */
  readonly url: string;
  /** Holds the repositories. */
  readonly root: string;
  /** Runs git in a directory and returns what it printed. */
  git(cwd: string, ...args: string[]): string;
  /** @returns the directory of an empty repository with the branch main */
  makeRepository(name: string, ...options: string[]): string;
  /** Commits all files, with the time 1 000 000 000. @returns the commit's name */
  commit(repository: string): string;
}

const ENVIRONMENT = { GIT_CONFIG_GLOBAL: '/dev/null', HOME: '/nonexistent' };

/** The real `git daemon` on a free loopback port, over a folder of its own. */
export async function startGitDaemon(): Promise<TestGitDaemon> {
  const scratch = await openScratchDirectory();
  const root = scratch.path;
  const env = { ...process.env, ...ENVIRONMENT };
  const port = await freePort();
  const options = ['--export-all', `--base-path=${root}`, '--listen=127.0.0.1', `--port=${port}`, '--verbose', root];
  const daemon = spawn('git', ['daemon', ...options], { stdio: ['ignore', 'ignore', 'pipe'], env, detached: true });
  await new Promise<void>((resolve) => daemon.stderr.on('data', (text) => String(text).includes('Ready') && resolve()));
  const git = (cwd: string, ...args: string[]) => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'protocol.file.allow=always'];
    const time = { GIT_COMMITTER_DATE: '1000000000 +0000' };
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    return execFileSync('git', [...identity, ...args], {
      cwd,
      env: { ...env, ...time },
      encoding: 'utf8',
      stdio: [...stdio],
    }).trim();
  };
  return {
    url: `git://127.0.0.1:${port}`,
    root,
    git,
    makeRepository(name, ...more) {
      const path = join(root, name);
      mkdirSync(path);
      git(path, 'init', '-q', '-b', 'main', ...more);
      return path;
    },
    commit(repository) {
      git(repository, 'add', '-A');
      git(repository, 'commit', '-q', '-m', 'x');
      return git(repository, 'rev-parse', 'HEAD');
    },
    async [Symbol.asyncDispose]() {
      if (daemon.pid !== undefined && daemon.exitCode === null) {
        process.kill(-daemon.pid, 'SIGTERM');
        await once(daemon, 'exit');
      }
      await scratch[Symbol.asyncDispose]();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
