import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../src/command.ts';
import { workspaceRoot } from '../src/workspace.ts';
import { codeBlocks, outputPattern } from './code-block.ts';
import { runProgram } from './run-program.ts';

/** The one package that depends on all libraries, so that blocks below it can import them. */
const library = join(workspaceRoot, 'examples/library');
const blocks = codeBlocks(workspaceRoot).map((block, index) => ({ ...block, file: `block-${index}.ts` }));
let folder: string;
let registry: TestRegistry;

beforeAll(async () => {
  folder = await mkdtemp(join(library, '.blocks-'));
  for (const { file, code } of blocks) writeFileSync(join(folder, file), code);
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.json', include: ['*.ts'] }),
  );
  registry = await startRegistry();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await registry[Symbol.asyncDispose]();
});

it('every TypeScript block of the documents type-checks', async () => {
  expect(blocks.length).toBeGreaterThan(5);
  const { stdout } = await runCommand(['tsc', '-p', folder, '--pretty', 'false'], { cwd: folder });
  const places = new Map(blocks.map(({ file, place }) => [file, place]));
  expect(stdout.replaceAll(/^block-\d+\.ts/gm, (file) => places.get(file) ?? file)).toBe('');
});

describe('runs, and prints what the document says', () => {
  it.each(blocks.filter(({ runs }) => runs))('$place', async ({ file, output }) => {
    await using scratch = await openScratchDirectory();
    writeFileSync(join(scratch.path, 'Dockerfile'), 'FROM scratch\nCOPY greeting /\n');
    writeFileSync(join(scratch.path, 'greeting'), 'hello\n');
    const { status, stdout, stderr } = await runProgram(join(folder, file), [registry.host], scratch.path);
    expect(status, stderr).toBe(0);
    if (output !== undefined) expect(stdout).toMatch(outputPattern(output));
  });
});
