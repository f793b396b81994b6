import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseImageLayout } from '../base-images/base-registry.ts';
import { requireCommand } from '../src/command.ts';
import { readFileTree, type FileTree } from '../src/file-tree.ts';
import type { ConformanceCase } from './case.ts';
import type { Observation } from './observation.ts';

/** The expected result of a case; `undefined` if nobody has recorded it. */
export function readGolden({ directory }: ConformanceCase): Observation | undefined {
  const path = join(directory, 'expected.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Observation) : undefined;
}

export function writeGolden({ directory }: ConformanceCase, observation: Observation): void {
  writeFileSync(join(directory, 'expected.json'), `${JSON.stringify(observation, undefined, 2)}\n`);
}

/** The tree of the image that cases name `busybox`. */
export async function readBaseTree(scratch: string): Promise<FileTree> {
  const bundle = join(scratch, 'base');
  await requireCommand(['umoci', 'unpack', '--image', `${await baseImageLayout('busybox')}:latest`, bundle]);
  return readFileTree(join(bundle, 'rootfs'));
}
