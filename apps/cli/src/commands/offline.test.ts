import { PassThrough } from 'node:stream';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { runProgram } from '../program.ts';

async function shale(...argv: string[]): Promise<void> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const { signal } = new AbortController();
  await runProgram(argv, { version: '1', env: {}, cwd: '/', stdin: () => stdin, stdout, stderr, signal });
}

it.for([
  ['push', '127.0.0.1:1/app'],
  ['warm', '--image', '127.0.0.1:1/app'],
  ['probe', '--cache-repo', '127.0.0.1:1/cache', '/'],
  ['cache', 'ls', '--cache-repo', '127.0.0.1:1/cache'],
])('shale %s --offline is refused where it needs a registry', async ([command = '', ...args]) => {
  await expect(shale(command, ...args, '--offline')).rejects.toMatchObject({
    code: 'USAGE_INVALID',
    message: expect.stringContaining('--offline allows no network call'),
  });
});

it('shale probe --offline does not let git look at other machines', async () => {
  await using scratch = await openScratchDirectory();
  const url = 'https://127.0.0.1:1/app.git';
  await expect(shale('probe', '--offline', '--state-dir', scratch.path, url)).rejects.toThrow("'https' not allowed");
});
