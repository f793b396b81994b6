import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';

const launcher = join(import.meta.dirname, '../../../shale');

it('./shale runs from any directory, through links, with the pinned Node', async () => {
  await using scratch = await openScratchDirectory();
  mkdirSync(join(scratch.path, 'bin'));
  symlinkSync(launcher, join(scratch.path, 'bin/real'));
  symlinkSync('real', join(scratch.path, 'bin/shale'));
  const output = execFileSync(join(scratch.path, 'bin/shale'), ['--version'], { cwd: scratch.path, encoding: 'utf8' });
  expect(output).toMatch(/^shale \d+\.\d+\.\d+/);
});

it('./shale says what to do in a tree that was not set up', async () => {
  await using scratch = await openScratchDirectory();
  const copy = join(scratch.path, 'shale');
  copyFileSync(launcher, copy);
  const { status, stderr } = spawnSync(copy, ['--version'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^shale: node_modules is missing in .*; run 'npm start' there first\.\n$/),
  });
});

it('./shale ends with 2 for a command line that it cannot understand', () => {
  const { status, stderr } = spawnSync(launcher, ['build', '--nope'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(/^error: Unknown option '--nope'\nhint: {2}/),
  });
});
