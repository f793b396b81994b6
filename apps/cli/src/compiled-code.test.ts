import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';

const SCRIPT = `
  import { createRequire } from 'node:module';
  import { useCompiledCode } from ${JSON.stringify(new URL('compiled-code.ts', import.meta.url).href)};
  const [file, command] = process.argv.slice(1);
  const keep = useCompiledCode(command);
  process.stdout.write(createRequire(import.meta.url)(file).greeting('you'));
  keep();
`;

/** A file of a bundle, and a cache folder. */
async function openPlace() {
  const scratch = await openScratchDirectory();
  const file = join(scratch.path, 'piece.cjs');
  writeFileSync(file, "exports.greeting = (name) => `${require('node:path').basename(__filename)} greets ${name}`;");
  const cache = join(scratch.path, 'cache');
  mkdirSync(cache);
  const kept = join(cache, 'shale/compiled', `${process.version}-${process.arch}`);
  return {
    cache,
    kept,
    runs: () => readFileSync(join(kept, 'piece.build')).at(-1),
    run(command: string, named?: string) {
      const { NODE_COMPILE_CACHE: _, ...env } = process.env;
      const argv = ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', SCRIPT, file, command];
      return execFileSync(process.execPath, argv, {
        encoding: 'utf8',
        env: { ...env, XDG_CACHE_HOME: cache, ...(named !== undefined && { NODE_COMPILE_CACHE: named }) },
      });
    },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

it('useCompiledCode() learns from the first runs of a command, and starts over with what it cannot use', async () => {
  await using place = await openPlace();
  for (const runs of [1, 2, 3, 3]) {
    expect(place.run('build')).toBe('piece.cjs greets you');
    expect(place.runs()).toBe(runs);
  }
  place.run('check');
  place.run('../../up');
  expect(readdirSync(place.kept).toSorted()).toEqual(['piece.any', 'piece.build', 'piece.check']);
  writeFileSync(join(place.kept, 'piece.build'), 'damaged');
  expect(place.run('build')).toBe('piece.cjs greets you');
  expect(place.runs()).toBe(1);
});

it('useCompiledCode() leaves a folder that was named to Node, unless it is its own', async () => {
  await using place = await openPlace();
  place.run('build', join(place.cache, 'named'));
  expect(existsSync(place.kept)).toBe(false);
  place.run('build', join(place.cache, 'shale/compiled'));
  expect(place.runs()).toBe(1);
});

it.runIf(process.getuid?.() === 0)("useCompiledCode() neither reads nor writes in a folder of another's", async () => {
  await using place = await openPlace();
  chownSync(place.cache, 12345, 12345);
  expect(place.run('build')).toBe('piece.cjs greets you');
  expect(existsSync(place.kept)).toBe(false);
});
