import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { makeImage, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { workspaceRoot } from '../src/workspace.ts';
import { runProgram } from './run-program.ts';

async function openPrograms() {
  const scratch = await openScratchDirectory();
  const run = (program: string, ...args: string[]) =>
    runProgram(join(workspaceRoot, 'examples/library', program), args, scratch.path);
  return { folder: scratch.path, run, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

it('lint-dockerfile.ts prints findings and syntax errors', async () => {
  await using programs = await openPrograms();
  const lint = async (text: string) => {
    writeFileSync(join(programs.folder, 'Dockerfile'), text);
    const { status, stdout } = await programs.run('lint-dockerfile.ts', 'Dockerfile');
    return [status, stdout];
  };
  expect(await lint('FROM scratch\nCMD ["a"]\n')).toEqual([0, '']);
  expect(await lint('FROM scratch\nCMD a\n')).toEqual([
    1,
    expect.stringMatching(/^Dockerfile:2: JSONArgsRecommended: /),
  ]);
  expect(await lint('FROM scratch\nRUNN a\n')).toEqual([2, expect.stringContaining('unknown instruction: RUNN')]);
});

it('mirror-image.ts copies an image between registries', async () => {
  await using programs = await openPrograms();
  await using from = await startRegistry();
  await using to = await startRegistry();
  await using client = createRegistryClient();
  const image = await makeImage(client.repository(parseReference(`${from.host}/app`)), {
    layers: [{ a: 'a' }],
    tag: 'v1',
  });
  const { stdout } = await programs.run('mirror-image.ts', `${from.host}/app:v1`, `${to.host}/mirror/app:v1`);
  expect(stdout).toContain(`${to.host}/mirror/app:v1 is ${image.manifest.digest}`);
  const copy = await client.repository(parseReference(`${to.host}/mirror/app`)).getManifest('v1');
  expect(copy?.digest).toBe(image.manifest.digest);
});

it('build-image.ts builds a folder, from the cache the second time, and browse-cache.ts lists the entries', async () => {
  await using programs = await openPrograms();
  const context = join(programs.folder, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY greeting /\n');
  writeFileSync(join(context, 'greeting'), 'hello\n');
  const build = () => programs.run('build-image.ts', context, 'image.tar');
  expect((await build()).stdout).toMatch(/^ran: COPY greeting \/\nimage.tar has sha256:\w{64}\n$/);
  expect((await build()).stdout).toMatch(/^cached: COPY greeting \/\n/);
  expect(readFileSync(join(programs.folder, 'image.tar')).subarray(257, 262).toString()).toBe('ustar');
  const { stdout } = await programs.run('browse-cache.ts', join(programs.folder, 'shale-example'));
  expect(stdout).toMatch(/^\d+\t\S+Z\tCOPY greeting \/.*\n1 entries, \d+ bytes in 1 layers\n$/);
});
