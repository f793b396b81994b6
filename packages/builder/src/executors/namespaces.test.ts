import { Capability, hasCapability, isInUserNamespace } from '../host/privileges.ts';
import { executorContract } from './executor.contract.ts';
import { namespacesExecutor } from './namespaces.ts';

const execArgv = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'];

executorContract('namespacesExecutor()', {
  open: () => namespacesExecutor({ execArgv, isUserNamespace: isInUserNamespace() }),
  hides: ['processes', 'network', 'hostname', 'mounts', 'system calls'],
  skip: hasCapability(Capability.sysAdmin) ? undefined : 'it needs the right to mount',
});

executorContract('namespacesExecutor({ processes: shared })', {
  open: () => namespacesExecutor({ execArgv, isUserNamespace: isInUserNamespace(), processes: 'shared' }),
  hides: ['network', 'hostname', 'mounts', 'system calls'],
  skip: hasCapability(Capability.sysAdmin) ? undefined : 'it needs the right to mount',
});

executorContract('namespacesExecutor({ usesPrograms: true })', {
  open: () => namespacesExecutor({ usesPrograms: true }),
  hides: ['processes', 'network', 'hostname', 'mounts'],
  skip: hasCapability(Capability.sysAdmin) ? undefined : 'it needs the right to mount',
});
