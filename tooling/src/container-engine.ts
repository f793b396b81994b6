import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, requireCommand, runCommand } from './command.ts';
import { startDockerDaemon } from './docker-daemon.ts';
import { removeScratch } from './remove-scratch.ts';

export interface ContainerRun {
  readonly image: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** `SOURCE:TARGET[:ro]`. */
  readonly volumes?: readonly string[] | undefined;
  /** More options of `run`. */
  readonly flags?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
}

/** A real engine with its own empty storage. Containers have its default capabilities and seccomp filter. */
export interface ContainerEngine extends AsyncDisposable {
  readonly name: string;
  /** Runs `podman ARGS` or `docker ARGS`. */
  command(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Loads an OCI archive under a name. */
  load(archive: string, name: string): Promise<void>;
  /** Starts a container on the host's network, and waits for its end. It is removed unless `flags` has a `--name`. */
  run(run: ContainerRun, options?: CommandOptions): Promise<CommandResult>;
}

/** Limits of this machine, where they are lower than those that engines ask for. */
const LIMITS = ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=4096:4096'];

function runArguments({ image, env = {}, volumes = [], flags = [], args = [] }: ContainerRun): string[] {
  const isNamed = flags.includes('--name');
  return [
    'run',
    ...(isNamed ? [] : ['--rm']),
    '--network',
    'host',
    ...LIMITS,
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    ...flags,
    image,
    ...args,
  ];
}

/** Podman with runc. */
export async function openPodman(): Promise<ContainerEngine> {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-podman-'));
  const places = [
    '--root',
    join(scratch, 'storage'),
    '--runroot',
    join(scratch, 'run'),
    '--tmpdir',
    join(scratch, 'tmp'),
  ];
  const command: ContainerEngine['command'] = (args, options) =>
    runCommand(['podman', ...places, '--cgroup-manager', 'cgroupfs', '--runtime', 'runc', ...args], options);
  return {
    name: 'podman',
    command,
    async load(archive, name) {
      const { status, stdout, stderr } = await command(['load', '--quiet', '--input', archive]);
      const id = /sha256:[0-9a-f]{64}|localhost\/\S+|\S+:\S+$/.exec(stdout.trim())?.[0];
      if (status !== 0 || id === undefined) throw new Error(`podman load: ${stderr}${stdout}`);
      await command(['tag', id, name]);
    },
    run: (run, options) => command(runArguments(run), options),
    async [Symbol.asyncDispose]() {
      await command(['rm', '--all', '--force', '--time', '0']);
      await removeScratch(scratch);
    },
  };
}

/** Docker's daemon. */
export async function openDocker(): Promise<ContainerEngine> {
  const daemon = await startDockerDaemon();
  return {
    name: 'dockerd',
    command: (args, options) => daemon.docker(args, options),
    async load(archive, name) {
      const layout = `${archive}.docker`;
      const copy = ['skopeo', '--insecure-policy', 'copy', '--quiet'];
      await requireCommand([...copy, `oci-archive:${archive}`, `docker-archive:${layout}:${name}`]);
      await daemon.requireDocker(['load', '--quiet', '--input', layout]);
      await requireCommand(['rm', layout]);
    },
    run: (run, options) => daemon.docker(runArguments(run), options),
    async [Symbol.asyncDispose]() {
      const { stdout } = await daemon.docker(['ps', '--all', '--quiet']);
      const ids = stdout.split('\n').filter((id) => id !== '');
      if (ids.length > 0) await daemon.docker(['rm', '--force', ...ids]);
      await daemon[Symbol.asyncDispose]();
    },
  };
}
