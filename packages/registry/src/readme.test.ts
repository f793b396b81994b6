import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openScratchDirectory } from '@shale/core/files';
import { startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';

it('the example of the README runs', async () => {
  await using registry = await startRegistry();
  await using scratch = await openScratchDirectory();
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const args = ['--conditions=@shale/source', '--input-type=module-typescript', '-e', example, registry.host];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: scratch.path },
  });
  expect(stdout).toMatch(/^push sha256:\w{64}\npull sha256:\w{64}\nfound sha256:\w{64}\n$/);
  const inspected = await promisify(execFile)('skopeo', ['inspect', `docker-archive:${scratch.path}/hello.tar`]);
  expect(JSON.parse(inspected.stdout)).toMatchObject({ Layers: [] });
});
