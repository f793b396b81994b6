import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startGitDaemon } from '@shale/testing';
import { expect, it } from 'vitest';

it('the example of the README runs', async () => {
  await using daemon = await startGitDaemon();
  const repository = daemon.makeRepository('app');
  writeFileSync(join(repository, 'file'), 'x');
  const commit = daemon.commit(repository);
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const args = ['--conditions=@shale/source', '--input-type=module-typescript', '-e', example];
  const { stdout } = await promisify(execFile)(process.execPath, [...args, 'example.ts', `${daemon.url}/app`], {
    cwd: import.meta.dirname,
  });
  expect(stdout).toBe(`${commit}\n${commit} 2001-09-09T01:46:40.000Z\n`);
});
