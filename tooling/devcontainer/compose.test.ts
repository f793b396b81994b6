import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { afterAll, describe, expect, it } from 'vitest';
import { composeCases } from './cases/compose.ts';
import { comparable, composeOurselves, placeCompose } from './compose-case.ts';

const goldens = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'compose.json'), 'utf8')) as Record<
  string,
  Record<string, unknown>
>;
const scratch = await openScratchDirectory();
afterAll(() => scratch[Symbol.asyncDispose]());

describe('the service of compose files, as docker-compose reads it', () => {
  it.each(composeCases.map((one, index) => [one.name, one, index] as const))('%s', async (name, one, index) => {
    const workspaceFolder = join(scratch.path, String(index));
    await placeCompose(one, workspaceFolder);
    expect(await composeOurselves(one, workspaceFolder)).toEqual(comparable(goldens[name] ?? {}));
  });
});
