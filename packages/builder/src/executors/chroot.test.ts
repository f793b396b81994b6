import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { makeBusyboxTree } from '@shale/testing';
import { expect, it } from 'vitest';
import { Capability, hasCapability } from '../host/privileges.ts';
import { chrootExecutor } from './chroot.ts';
import { executorContract } from './executor.contract.ts';

const skip = hasCapability(Capability.sysChroot) ? undefined : 'it needs the right to change the root';
const execArgv = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'];

executorContract('chrootExecutor()', { open: () => chrootExecutor({ execArgv }), hides: [], skip });

executorContract('chrootExecutor({ usesProgram: true })', {
  open: () => chrootExecutor({ usesProgram: true }),
  hides: [],
  skip,
});

it.skipIf(skip !== undefined)('chrootExecutor() refuses the system calls that Docker refuses', async () => {
  await using scratch = await openScratchDirectory();
  const root = join(scratch.path, 'tree');
  makeBusyboxTree(root);
  let status = '';
  const seen = join(root, 'tmp/seen');
  const script = 'echo $$; while [ ! -e /tmp/seen ]; do sleep 0.05; done';
  await chrootExecutor({ execArgv }).run(
    {
      root,
      args: ['/bin/sh', '-c', script],
      env: ['PATH=/bin'],
      cwd: '/',
      hostname: 'step',
      mounts: [],
      user: { uid: 0, gid: 0, groups: [] },
      network: 'host',
      security: 'sandbox',
    },
    {
      onOutput: (_stream, pid) => {
        status = readFileSync(`/proc/${Buffer.from(pid).toString().trim()}/status`, 'utf8');
        if (!existsSync(seen)) writeFileSync(seen, '');
      },
    },
  );
  expect(status).toMatch(/^Seccomp:\t2$/m);
});
