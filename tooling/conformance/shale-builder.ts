import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { startBaseRegistry } from '../base-images/base-registry.ts';
import { requireCommand, runCommand } from '../src/command.ts';
import { bundledShale } from '../src/shale.ts';
import { readArchiveImage } from './archive-image.ts';
import { buildFlags, buildInput, type ConformanceCase } from './case.ts';
import type { BuildOutcome, CaseBuilder } from './case-builder.ts';
import { readTarTree } from './image-tree.ts';

/** shale's bundle, as users install it. */
export interface ShaleBuilder extends CaseBuilder {
  /** Builds with exactly these flags for state and cache. */
  buildIn(
    flags: readonly string[],
    conformanceCase: ConformanceCase,
    places: CasePlaces,
  ): Promise<BuildOutcome & { readonly digest?: string }>;
}

/** Where a case is built. */
export interface CasePlaces {
  readonly context: string;
  /** Empty; the archives go here. */
  readonly scratch: string;
}

/** Goldens are made with full isolation. A build that cannot have it fails and reports why. */
const ISOLATION = ['--isolation', 'namespaces+overlay'];

/** One state directory serves all cases of `build()`. */
export async function shaleBuilder(): Promise<ShaleBuilder> {
  const base = await startBaseRegistry(['busybox']);
  const state = await mkdtemp(join(tmpdir(), 'shale-conformance-'));
  const shale = await copyOf(bundledShale, join(state, 'bundle'));
  const buildIn: ShaleBuilder['buildIn'] = (flags, conformanceCase, places) =>
    buildCase(
      [...shale, 'build', '--registry-mirror', base.url, ...ISOLATION, '--progress', 'plain', ...flags],
      conformanceCase,
      places,
    );
  return {
    name: 'shale',
    build: (conformanceCase, context, scratch) =>
      buildIn(['--state-dir', state], conformanceCase, { context, scratch }),
    buildIn,
    async [Symbol.asyncDispose]() {
      await base[Symbol.asyncDispose]();
      await runCommand(['rm', '-rf', '--one-file-system', state]);
    },
  };
}

/** A copy, so that somebody can bundle again during a long run. */
async function copyOf(command: readonly string[], destination: string): Promise<readonly string[]> {
  const program = command.at(-1) ?? '';
  await requireCommand(['cp', '-r', dirname(program), destination]);
  return [...command.slice(0, -1), join(destination, basename(program))];
}

async function buildCase(
  shale: readonly string[],
  conformanceCase: ConformanceCase,
  { context, scratch }: CasePlaces,
): Promise<BuildOutcome & { readonly digest?: string }> {
  const command = [...shale, ...buildFlags(conformanceCase)];
  const rootfs = join(scratch, 'rootfs.tar');
  const archive = join(scratch, 'image.tar');
  const outputs = ['--output', `type=tar,dest=${rootfs}`, '--output', `type=oci,dest=${archive}`];
  const built = await runCommand([...command, ...outputs, context], buildInput(conformanceCase));
  if (built.status !== 0) return { type: 'error', message: built.stderr };
  return { type: 'image', tree: await readTarTree(rootfs), ...(await readArchiveImage(archive)) };
}
