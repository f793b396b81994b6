import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { removeOrphanedLeases } from './lease.ts';
import { ownedName } from './owner.ts';

it('removeOrphanedLeases() removes the lease of a process that was killed, and no other', async () => {
  await using leases = await openScratchDirectory();
  await using trash = await openScratchDirectory();
  const [machine, own = '', random] = ownedName().split('-');
  const { pid } = spawnSync(process.execPath, ['--version']);
  await writeFile(join(leases.path, 'killed'), `${machine}-${pid}-${random}`);
  await writeFile(join(leases.path, 'alive'), `${machine}-${own}-${random}`);
  await writeFile(join(leases.path, 'elsewhere'), `elsewhere-${pid}-${random}`);
  await removeOrphanedLeases(leases.path, trash.path);
  expect((await readdir(leases.path)).toSorted()).toEqual(['alive', 'elsewhere']);
  expect(await readdir(trash.path)).toEqual([]);
});
