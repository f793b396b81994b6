import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { copyAction, makeStep } from '../graph/graph-fixture.ts';
import { contextReads } from './context-reads.ts';
import { openDirectoryContext } from '../context/directory-context.ts';

async function editing(edit: (root: string) => void): Promise<() => void> {
  await using scratch = await openScratchDirectory();
  const root = join(scratch.path, 'context');
  mkdirSync(root);
  for (const name of ['a', 'b', 'ignored']) writeFileSync(join(root, name), name);
  const context = openDirectoryContext(root, { ignore: ['ignored'], stateDir: scratch.path });
  const source = { type: 'context', context } as const;
  const parent = { kind: 'base', image: undefined, platform: { os: 'linux', architecture: 'amd64' } } as const;
  const step = makeStep('COPY . /', { parent, action: copyAction(source) });
  const reads = contextReads(new Map());
  reads.digests(step, source);
  edit(root);
  try {
    reads.verify(step);
    return () => {};
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

it('contextReads() lets a step be that read what its key says', async () => {
  expect(await editing(() => {})).not.toThrow();
  expect(await editing((root) => writeFileSync(join(root, 'ignored'), 'changed'))).not.toThrow();
});

it('contextReads() refuses what changed while the build read it, by name', async () => {
  const edit = (name: string, text: string) => editing((root) => writeFileSync(join(root, name), text));
  expect(await edit('a', 'B')).toThrow('The build context changed while the build read it: a');
  expect(await edit('new', '')).toThrow(/: new$/);
});
