import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBaseRegistry } from '../base-images/base-registry.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import { runShale } from '../src/shale.ts';
import { buildFlags, type ConformanceCase } from './case.ts';
import type { BuildOutcome, CaseBuilder } from './case-builder.ts';
import { readTarTree } from './image-tree.ts';
import type { RawConfig } from './observation.ts';

/** shale from source, with one state directory for all cases. `dropCache` forgets a share of the entries between two builds. */
export async function shaleBuilder(flags: readonly string[] = []): Promise<CaseBuilder> {
  const base = await startBaseRegistry(['busybox']);
  const state = await mkdtemp(join(tmpdir(), 'shale-conformance-'));
  const common = ['--state-dir', state, '--registry-mirror', base.url, '--progress', 'plain', ...flags];
  return {
    name: 'shale',
    build: (conformanceCase, context, scratch) => buildCase(conformanceCase, { common, context, scratch }),
    async [Symbol.asyncDispose]() {
      await base[Symbol.asyncDispose]();
      await runCommand(['rm', '-rf', '--one-file-system', state]);
    },
  };
}

interface ShaleCaseOptions {
  readonly common: readonly string[];
  readonly context: string;
  readonly scratch: string;
}

async function buildCase(conformanceCase: ConformanceCase, options: ShaleCaseOptions): Promise<BuildOutcome> {
  const { common, context, scratch } = options;
  const command = ['build', ...common, ...buildFlags(conformanceCase)];
  const rootfs = join(scratch, 'rootfs.tar');
  const built = await runShale([...command, '--output', `type=tar,dest=${rootfs}`, context]);
  if (built.status !== 0) return { type: 'error', message: built.stderr };
  const tree = await readTarTree(rootfs);
  const archive = join(scratch, 'image.tar');
  const again = await runShale([...command, '--output', `type=oci,dest=${archive}`, context]);
  if (again.status !== 0) return { type: 'error', message: `The second build failed: ${again.stderr}` };
  return { type: 'image', tree, config: await configOf(archive) };
}

async function configOf(archive: string): Promise<RawConfig> {
  const layout = `${archive}.layout`;
  await requireCommand(['mkdir', layout]);
  await requireCommand(['tar', '-xf', archive, '-C', layout]);
  const blob = (digest: string) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')), 'utf8');
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
  const manifest = JSON.parse(blob(index.manifests[0]?.digest ?? '')) as { config: { digest: string } };
  return JSON.parse(blob(manifest.config.digest)) as RawConfig;
}
