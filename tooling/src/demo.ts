// `npm start`: builds examples/hello cold, then again from the cache, in fresh state.
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { startBaseRegistry } from '../base-images/base-registry.ts';
import { runCommand } from './command.ts';
import { ensurePackages, packagesFor } from './debian-packages.ts';
import { requireShale } from './shale.ts';
import { workspaceRoot } from './workspace.ts';

interface DemoBuild {
  readonly seconds: string;
  readonly digest: string;
}

const bold = (text: string) => (process.stdout.isTTY ? `\u001B[1m${text}\u001B[22m` : text);

try {
  await demo();
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}

async function demo(): Promise<void> {
  await ensurePackages(packagesFor.demo);
  const scratch = await mkdtemp(join(tmpdir(), 'shale-demo-'));
  try {
    await using base = await startBaseRegistry(['busybox']);
    const build = (title: string) => buildExample(title, { scratch, mirror: base.url });
    const cold = await build('A cold build of examples/hello: every step runs');
    const cached = await build('The same again: nothing runs, nothing is unpacked');
    report(cold, cached);
  } finally {
    await runCommand(['rm', '-rf', '--one-file-system', scratch]);
  }
}

interface BuildExampleOptions {
  readonly scratch: string;
  readonly mirror: string;
}

async function buildExample(title: string, { scratch, mirror }: BuildExampleOptions): Promise<DemoBuild> {
  const example = join(workspaceRoot, 'examples/hello');
  const image = join(scratch, 'hello.tar');
  const digest = join(scratch, 'digest');
  const places = ['--state-dir', join(scratch, 'state'), '--registry-mirror', mirror];
  const output = ['--output', `type=oci,dest=${image}`, '--iidfile', digest];
  console.log(`\n${bold(title)}\n$ shale build -o type=oci,dest=hello.tar ${relative(workspaceRoot, example)}`);
  const args = ['build', ...places, ...output, '--progress', 'plain', example];
  const { durationMs } = await requireShale(args, { echo: true });
  return { seconds: (durationMs / 1000).toFixed(2), digest: (await readFile(digest, 'utf8')).trim() };
}

function report(cold: DemoBuild, cached: DemoBuild): void {
  console.log(`\n${bold('Result')}`);
  console.log(`  cold    ${cold.seconds.padStart(6)} s   ${cold.digest}`);
  console.log(`  cached  ${cached.seconds.padStart(6)} s   ${cached.digest}`);
  if (cold.digest !== cached.digest)
    throw new Error('The two builds have different digests: please report this as a bug.');
  console.log('\nThe same image, byte for byte. Build your own: ./shale build --help');
}
