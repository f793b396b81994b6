import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CommandOptions, type CommandResult, requireCommand, runCommand } from '../src/command.ts';
import { removeScratch } from '../src/remove-scratch.ts';
import { goProgram } from './go-programs.ts';

const READY_POLL_MS = 50;
const READY_MS = 30_000;

/** A private BuildKit over its own empty storage, and the buildx that speaks to it. */
export interface Buildkit extends AsyncDisposable {
  /** Runs `buildx ARGS` against this daemon. */
  buildx(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** The same, and it must succeed. */
  requireBuildx(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** How to run `buildx ARGS` against this daemon by other means. */
  command(args: readonly string[]): {
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  readonly pid: number;
}

export interface BuildkitOptions {
  /** A registry without TLS, as `127.0.0.1:PORT`, that serves base images under docker.io's names. */
  readonly mirror: string;
  /** Where the daemon keeps its state; made, and removed with it. @default a new directory of the system's temporary ones */
  readonly directory?: string;
}

/** Starts `buildkitd` by hand, with runc and overlayfs. Needs root. */
export async function startBuildkit({ mirror, directory }: BuildkitOptions): Promise<Buildkit> {
  const [daemonProgram, buildx] = [await goProgram('buildkitd'), await goProgram('buildx')];
  const scratch = directory ?? (await mkdtemp(join(tmpdir(), 'shale-buildkit-')));
  mkdirSync(scratch, { recursive: true });
  const socket = join(scratch, 'socket');
  const log = join(scratch, 'log');
  writeFileSync(join(scratch, 'buildkitd.toml'), configuration(scratch, mirror));
  const output = openSync(log, 'w');
  const daemon = spawn(daemonProgram, ['--config', join(scratch, 'buildkitd.toml')], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const env = { BUILDX_CONFIG: join(scratch, 'buildx'), DOCKER_CONFIG: scratch, BUILDX_BUILDER: 'peer' };
  const stop = async () => {
    if (daemon.exitCode === null && daemon.kill('SIGTERM')) await once(daemon, 'exit');
    await removeScratch(scratch);
  };
  try {
    const deadline = Date.now() + READY_MS;
    while (!existsSync(socket)) {
      if (daemon.exitCode !== null || Date.now() > deadline)
        throw new Error(`buildkitd did not start:\n${readFileSync(log, 'utf8').slice(-2000)}`);
      await delay(READY_POLL_MS);
    }
    const create = ['create', '--name', 'peer', '--driver', 'remote', `unix://${socket}`];
    await requireCommand([buildx, ...create], { env: { ...env, BUILDX_BUILDER: undefined } });
    await requireCommand([buildx, 'inspect', '--bootstrap'], { env });
  } catch (error) {
    await stop();
    throw error;
  }
  const withDaemon = (options: CommandOptions = {}) => ({ ...options, env: { ...env, ...options.env } });
  return {
    buildx: (args, options) => runCommand([buildx, ...args], withDaemon(options)),
    requireBuildx: (args, options) => requireCommand([buildx, ...args], withDaemon(options)),
    command: (args) => ({ command: [buildx, ...args], env }),
    pid: daemon.pid ?? 0,
    [Symbol.asyncDispose]: stop,
  };
}

function configuration(scratch: string, mirror: string): string {
  return `root = "${scratch}/root"
insecure-entitlements = ["network.host", "security.insecure"]
[grpc]
  address = ["unix://${scratch}/socket"]
[worker.oci]
  enabled = true
  snapshotter = "overlayfs"
  networkMode = "host"
  binary = "/usr/sbin/runc"
  gc = false
[worker.containerd]
  enabled = false
[registry."docker.io"]
  mirrors = ["${mirror}"]
[registry."${mirror}"]
  http = true
`;
}
