import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { beforeAll, describe, it } from 'vitest';
import { composeCases } from '../devcontainer/cases/compose.ts';
import { composeOfficially, placeCompose } from '../devcontainer/compose-case.ts';
import { expectGolden } from '../devcontainer/golden.ts';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';

beforeAll(() => ensurePackages(packagesFor.acceptance));

describe('compose files', () => {
  it('have goldens that docker-compose still gives (SHALE_RECORD=1 writes them)', async () => {
    await using scratch = await openScratchDirectory();
    const answers: Record<string, unknown> = {};
    for (const [index, one] of composeCases.entries()) {
      const workspaceFolder = join(scratch.path, String(index));
      await placeCompose(one, workspaceFolder);
      answers[one.name] = await composeOfficially(one, workspaceFolder);
    }
    await expectGolden('compose.json', answers);
  });
});
