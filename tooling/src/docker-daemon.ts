import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CommandOptions, type CommandResult, requireCommand, runCommand } from './command.ts';
import { removeScratch } from './remove-scratch.ts';

/** Debian's client, which matches its daemon; another `docker` may come first on PATH. */
const DOCKER = '/usr/bin/docker';
const READY_POLL_MS = 100;

/** A private dockerd with BuildKit, over its own empty storage, without a bridge: RUN needs `--network host`. */
export interface DockerDaemon extends AsyncDisposable {
  /** Runs `docker ARGS` against this daemon. */
  docker(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** The same, and it must succeed. */
  requireDocker(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Loads an image of a local OCI layout under a name. */
  loadLayout(layout: string, name: string): Promise<void>;
  /** The same for an OCI layout in a tar. */
  loadArchive(archive: string, name: string): Promise<void>;
}

/** Starts `dockerd` by hand. Needs root. */
export async function startDockerDaemon({ readyMs = 30_000 }: { readyMs?: number } = {}): Promise<DockerDaemon> {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-dockerd-'));
  const host = `unix://${scratch}/socket`;
  const log = join(scratch, 'log');
  const output = openSync(log, 'w');
  const directories = [
    '--data-root',
    `${scratch}/data`,
    '--exec-root',
    `${scratch}/exec`,
    '--pidfile',
    `${scratch}/pid`,
  ];
  const flags = ['--iptables=false', '--bridge=none', ...directories, '-H', host];
  const daemon = spawn('dockerd', flags, { stdio: ['ignore', output, output] });
  closeSync(output);
  const withDaemon = (options: CommandOptions = {}): CommandOptions => ({
    ...options,
    env: { DOCKER_HOST: host, DOCKER_BUILDKIT: '1', DOCKER_CONTEXT: undefined, DOCKER_CONFIG: scratch, ...options.env },
  });
  const stop = async () => {
    if (daemon.exitCode === null && daemon.kill('SIGTERM')) await once(daemon, 'exit');
    await removeScratch(scratch);
  };
  const load = async (image: string, name: string) => {
    const archive = join(scratch, 'image.tar');
    await requireCommand([
      'skopeo',
      '--insecure-policy',
      'copy',
      '--quiet',
      image,
      `docker-archive:${archive}:${name}`,
    ]);
    await self.requireDocker(['load', '--quiet', '--input', archive]);
    await requireCommand(['rm', archive]);
  };
  const self: DockerDaemon = {
    docker: (args, options) => runCommand([DOCKER, ...args], withDaemon(options)),
    requireDocker: (args, options) => requireCommand([DOCKER, ...args], withDaemon(options)),
    loadLayout: (layout, name) => load(`oci:${layout}`, name),
    loadArchive: (archive, name) => load(`oci-archive:${archive}`, name),
    [Symbol.asyncDispose]: stop,
  };
  const deadline = Date.now() + readyMs;
  while ((await self.docker(['version'])).status !== 0) {
    if (daemon.exitCode !== null || Date.now() > deadline) {
      const tail = readFileSync(log, 'utf8').slice(-2000);
      await stop();
      throw new Error(`dockerd did not start:\n${tail}`);
    }
    await delay(READY_POLL_MS);
  }
  return self;
}
