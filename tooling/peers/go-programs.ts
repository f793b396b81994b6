import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import { workspaceRoot } from '../src/workspace.ts';

const PROGRAMS = {
  buildkitd: 'github.com/moby/buildkit/cmd/buildkitd',
  buildx: 'github.com/docker/buildx/cmd/buildx',
} as const;
const COMPILE_MS = 1_800_000;

export type GoProgram = keyof typeof PROGRAMS;

/**
 * The path of a program that `go.mod` pins. The first call compiles all of them (two minutes on two cores); the result is
 * kept in `.cache/peers`, by the hash of the pins.
 *
 * @throws {Error} where Go is missing or cannot reach its module proxy.
 */
export async function goProgram(name: GoProgram): Promise<string> {
  const pins = createHash('sha256').update(readFileSync(join(import.meta.dirname, 'go.sum')));
  const kept = join(workspaceRoot, '.cache/peers');
  const directory = join(kept, pins.digest('hex').slice(0, 16));
  if (!existsSync(directory)) await compile(kept, directory);
  return join(directory, name);
}

async function compile(parent: string, directory: string): Promise<void> {
  console.log(`Compiling ${Object.keys(PROGRAMS).join(' and ')}, once ...`);
  await requireCommand(['mkdir', '-p', parent]);
  const draft = await mkdtemp(join(parent, 'draft-'));
  await requireCommand(['go', 'build', '-ldflags=-s -w', '-o', `${draft}/`, ...Object.values(PROGRAMS)], {
    cwd: import.meta.dirname,
    timeoutMs: COMPILE_MS,
  });
  renameSync(draft, directory);
}
