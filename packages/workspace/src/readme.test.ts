import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openScratchDirectory } from '@shale/core/files';
import { startGitDaemon } from '@shale/testing';
import { expect, it } from 'vitest';

it('the example of the README runs', async () => {
  await using daemon = await startGitDaemon();
  await using scratch = await openScratchDirectory();
  const repository = daemon.makeRepository('app');
  daemon.git(repository, 'commit', '-q', '--allow-empty', '-m', 'x');
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const resolvable = example.replace("'@shale/workspace'", `'${import.meta.dirname}/index.ts'`);
  const node = ['--conditions=@shale/source', '--input-type=module-typescript', '-e', resolvable];
  const run = async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...node, 'example.ts', `${daemon.url}/app#main`], {
      cwd: scratch.path,
    });
    return stdout;
  };
  expect(await run()).toBe(`cloned to ${scratch.path}/app\n`);
  expect(await run()).toBe(`there is a repository in ${scratch.path}/app\n`);
});
