import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Reference, ShaleError } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { DockerfileError } from '@shale/dockerfile-parser';
import { openLayout } from '@shale/registry';
import { afterAll, describe, expect, it } from 'vitest';
import { invalidCases } from './cases/invalid.ts';
import { placeFiles } from './place-case.ts';
import { caseFolder, readOurselves } from './read-case.ts';

const answers = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'invalid-configurations.json'), 'utf8'),
) as Record<string, string | null>;
const scratch = await openScratchDirectory();
afterAll(() => scratch[Symbol.asyncDispose]());

describe('refused, whatever the official CLI does', () => {
  it.each(invalidCases.map((one, index) => [one.name, one, index] as const))('%s', async (name, one, index) => {
    const source = {
      repository: ({ registry, repository }: Reference) => {
        if (registry === 'localhost:1') throw new Error('connection refused');
        return openLayout(join(scratch.path, 'stores', repository));
      },
      download: () => {
        throw new Error('No case has tarballs');
      },
    };
    const place = {
      host: 'localhost:5000',
      repository: source.repository,
      workspaceFolder: caseFolder(scratch.path, index),
    };
    await placeFiles(one, place);
    const error: unknown = await readOurselves(source, one, place).catch((reason: unknown) => reason);
    expect(error).toSatisfy((reason) => reason instanceof ShaleError || reason instanceof DockerfileError);
    expect((error as Error).message).toContain(one.message);
    expect(answers).toHaveProperty([name]); // what the official CLI says is kept beside
  });
});
