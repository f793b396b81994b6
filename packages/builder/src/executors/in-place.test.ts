import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { loadSystemCalls, type SystemCalls } from '@shale/core/linux';
import { expect, it } from 'vitest';
import { Capability, hasCapability } from '../host/privileges.ts';
import { isInContainer } from '../host/container.ts';
import { executorContract } from './executor.contract.ts';
import { OWN_DIRECTORY } from '../root/root-exchange.ts';
import { inPlaceExecutor } from './in-place.ts';

const calls = loadSystemCalls() as SystemCalls;
const workspace = resolve(import.meta.dirname, '../../../..');
const isContained = process.env['SHALE_TEST_CONTAINER'] === '1';
const CAPABILITIES =
  'chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap';

/**
 * This machine's files under an overlay, mounts as an engine makes them, and the rights that Docker gives. The container has
 * a copy of the workspace: other tests write to the workspace meanwhile, which would look like the work of a step.
 */
const CONTAINER = `
set -e
mount -t tmpfs tmpfs "$1" && cd "$1" && mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work,redirect_dir=on overlay root
cd root
mount -t proc proc proc && mount --rbind /dev dev && mount --rbind /sys sys
for file in hosts hostname resolv.conf; do touch etc/$file; mount --bind /etc/$file etc/$file; done
mkdir -p ".$3/workspace" ".$3/tmp"
tar -C "$2" -cf - --exclude=.git --exclude=.cache --exclude=.turbo --exclude=.vite --exclude=cases \\
  --exclude='.pnpm/@biomejs*' --exclude='.pnpm/@turbo*' --exclude='.pnpm/@typescript*' . | tar -C ".$3/workspace" -xf -
exec chroot . setpriv --bounding-set "$4" sh -c 'cd "$1" && shift && exec "$@"' sh "$3/workspace" \\
  node_modules/.bin/vitest run --retry 0 packages/builder/src/executors/in-place.test.ts
`;

if (isContained) {
  executorContract('inPlaceExecutor()', {
    open: () =>
      inPlaceExecutor({ calls, execArgv: ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'] }),
    hides: [],
    rootWhileRunning: '/',
  });
} else {
  it.runIf(hasCapability(Capability.sysAdmin))(
    'inPlaceExecutor() keeps the contract, in a container',
    { timeout: 240_000 },
    async () => {
      await using scratch = await openScratchDirectory();
      const rights = ['-all', ...CAPABILITIES.split(' ').map((name) => `+${name}`)].join(',');
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        ['-m', '-p', '-f', '--kill-child', 'sh', '-c', CONTAINER, 'sh', scratch.path, workspace, OWN_DIRECTORY, rights],
        { encoding: 'utf8', env: { ...process.env, SHALE_TEST_CONTAINER: '1', TMPDIR: join(OWN_DIRECTORY, 'tmp') } },
      );
      expect({ status, report: status === 0 ? '' : `${stdout}\n${stderr}` }).toEqual({ status: 0, report: '' });
    },
  );

  it.skipIf(isInContainer())('inPlaceExecutor() is refused outside a container', () => {
    expect(() => inPlaceExecutor({ calls })).toThrow(expect.objectContaining({ code: 'EXECUTOR_UNAVAILABLE' }));
  });
}
