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
