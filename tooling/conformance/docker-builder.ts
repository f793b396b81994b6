import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseImageLayout } from '../base-images/base-registry.ts';
import { requireCommand } from '../src/command.ts';
import { type DockerDaemon, startDockerDaemon } from '../src/docker-daemon.ts';
import { buildFlags, buildInput, type ConformanceCase } from './case.ts';
import type { BuildOutcome, CaseBuilder } from './case-builder.ts';
import { readTarTree } from './image-tree.ts';
import type { RawConfig } from './observation.ts';

/** dockerd's BuildKit, for machines without Go. Some Dockerfiles bring 20.10 down; it is then started again. */
export async function dockerBuilder(): Promise<CaseBuilder> {
  let daemon = await startWithBase();
  return {
    name: 'buildkit',
    async build(conformanceCase, context, scratch) {
      const outcome = await buildCase(daemon, conformanceCase, { context, scratch });
      if (outcome.type === 'image' || (await daemon.docker(['version'])).status === 0) return outcome;
      await daemon[Symbol.asyncDispose]();
      daemon = await startWithBase();
      return { type: 'error', message: `dockerd went down. ${outcome.message}` };
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

async function startWithBase(): Promise<DockerDaemon> {
  const daemon = await startDockerDaemon();
  await daemon.loadLayout(`${await baseImageLayout('busybox')}:latest`, 'busybox:latest');
  return daemon;
}

async function buildCase(
  daemon: DockerDaemon,
  conformanceCase: ConformanceCase,
  { context, scratch }: { readonly context: string; readonly scratch: string },
): Promise<BuildOutcome> {
  const command = ['build', '--network', 'host', '--progress', 'plain', ...buildFlags(conformanceCase)];
  const input = buildInput(conformanceCase);
  const rootfs = join(scratch, 'rootfs.tar');
  const built = await daemon.docker([...command, '--output', `type=tar,dest=${rootfs}`, context], input);
  if (built.status !== 0) return { type: 'error', message: built.stderr };
  const tree = await readTarTree(rootfs);
  await daemon.requireDocker([...command, '--tag', 'case', context], input);
  const saved = await daemon.docker(['save', '--output', join(scratch, 'image.tar'), 'case']);
  await daemon.docker(['image', 'rm', 'case']);
  if (saved.status !== 0) return { type: 'error', message: saved.stderr };
  return { type: 'image', tree, config: await savedConfig(scratch) };
}

async function savedConfig(scratch: string): Promise<RawConfig> {
  const archive = join(scratch, 'image.tar');
  await requireCommand(['tar', '-xf', archive, '-C', scratch, '--wildcards', '*.json']);
  const [manifest] = JSON.parse(readFileSync(join(scratch, 'manifest.json'), 'utf8')) as { Config: string }[];
  if (manifest === undefined) throw new Error(`${archive} holds no image`);
  return JSON.parse(readFileSync(join(scratch, manifest.Config), 'utf8')) as RawConfig;
}
