import { propertyCases } from './configuration-case.ts';

const TORTURE = `a b"c'd\\e$f\`g\`\${h}\n\ttab #x !y *z {j} ü 漢`;

/** Every property of the reference, at its edges. */
export const propertyTable = [
  ...propertyCases('tool metadata', {
    name: { name: 'A "name" with \'quotes\'' },
    'unknown properties stay': { future: { a: [1, null, 'x'] }, $schema: 'https://example.test/schema.json' },
    'customizations of two tools': { customizations: { vscode: { extensions: ['a.b'] }, codespaces: { x: 1 } } },
    'empty customizations': { customizations: {} },
    'customizations with null inside': { customizations: { vscode: null } },
    secrets: { secrets: { TOKEN: { description: 'd', documentationUrl: 'https://example.test' } } },
    'appPort number': { appPort: 3000 },
    'appPort list': { appPort: [3000, '8080:80'] },
    runArgs: { runArgs: ['--cap-add=SYS_PTRACE', '--name', '${localWorkspaceFolderBasename}'] },
    'shutdownAction none': { shutdownAction: 'none' },
    'shutdownAction stopContainer': { shutdownAction: 'stopContainer' },
  }),
  ...propertyCases('ports', {
    'forwardPorts numbers': { forwardPorts: [3000, 5432] },
    'forwardPorts hosts': { forwardPorts: ['db:5432', 3000, 'db:5432', 3000] },
    'forwardPorts localhost is a number': { forwardPorts: ['localhost:3000', 3000, 'localhost:4000'] },
    'forwardPorts empty': { forwardPorts: [] },
    portsAttributes: {
      portsAttributes: { 3000: { label: 'App', onAutoForward: 'notify' }, '40000-55000': { onAutoForward: 'ignore' } },
    },
    'portsAttributes protocol': {
      portsAttributes: { '443': { protocol: 'https', requireLocalPort: true, elevateIfNeeded: true } },
    },
    otherPortsAttributes: { otherPortsAttributes: { onAutoForward: 'silent' } },
  }),
  ...propertyCases('environment', {
    containerEnv: { containerEnv: { A: '1', B: '' } },
    'containerEnv quoting torture': { containerEnv: { T: TORTURE, 'odd name': 'x' } },
    'containerEnv numbers': { containerEnv: { PORT: 3000, FLAG: true } },
    'containerEnv refers to itself': { containerEnv: { PATH: '/x:${containerEnv:PATH}' } },
    remoteEnv: { remoteEnv: { A: '${containerEnv:PATH}:/x', B: null } },
    'remoteEnv quoting torture': { remoteEnv: { T: TORTURE } },
    'remoteEnv and containerEnv of one name': { containerEnv: { A: '1' }, remoteEnv: { A: '2' } },
    'userEnvProbe none': { userEnvProbe: 'none' },
    'userEnvProbe loginShell': { userEnvProbe: 'loginShell' },
    'userEnvProbe interactiveShell': { userEnvProbe: 'interactiveShell' },
    'userEnvProbe loginInteractiveShell': { userEnvProbe: 'loginInteractiveShell' },
  }),
  ...propertyCases('users', {
    remoteUser: { remoteUser: 'vscode' },
    containerUser: { containerUser: 'node' },
    both: { remoteUser: 'a', containerUser: 'b' },
    'empty remoteUser': { remoteUser: '' },
    numeric: { remoteUser: '1000:1000' },
    'updateRemoteUserUID true': { updateRemoteUserUID: true },
    'updateRemoteUserUID false': { updateRemoteUserUID: false },
  }),
  ...propertyCases('container', {
    init: { init: true },
    'init false': { init: false },
    privileged: { privileged: true },
    capAdd: { capAdd: ['SYS_PTRACE', 'NET_ADMIN', 'SYS_PTRACE'] },
    'capAdd empty': { capAdd: [] },
    securityOpt: { securityOpt: ['seccomp=unconfined', 'label=disable'] },
    'overrideCommand true': { overrideCommand: true },
    'overrideCommand false': { overrideCommand: false },
    'mounts as strings': {
      mounts: ['source=a,target=/a,type=volume', 'type=bind,src=${localWorkspaceFolder}/x,dst=/x'],
    },
    'mounts as objects': {
      mounts: [
        { type: 'volume', source: 'v', target: '/v' },
        { type: 'tmpfs', target: '/t' },
      ],
    },
    'mounts of one target': {
      mounts: ['source=a,target=/a', { type: 'volume', source: 'b', target: '/a' }, 'source=c,destination=/a'],
    },
    'mounts without target': { mounts: ['type=volume', 'type=bind'] },
    'mounts with options': { mounts: ['type=bind,source=/a=b,target=/c,readonly,consistency=cached'] },
    'mounts empty': { mounts: [] },
  }),
  ...propertyCases('hostRequirements', {
    cpus: { hostRequirements: { cpus: 4 } },
    memory: { hostRequirements: { memory: '8gb' } },
    storage: { hostRequirements: { storage: '32gb' } },
    units: { hostRequirements: { memory: '512mb', storage: '2tb' } },
    'kilobytes and plain bytes': { hostRequirements: { memory: '64kb', storage: '1024' } },
    'gpu true': { hostRequirements: { gpu: true } },
    'gpu false': { hostRequirements: { gpu: false } },
    'gpu optional': { hostRequirements: { gpu: 'optional' } },
    'gpu object': { hostRequirements: { gpu: { cores: 1000, memory: '32gb' } } },
    all: { hostRequirements: { cpus: 2, memory: '4gb', storage: '16gb', gpu: true } },
    empty: { hostRequirements: {} },
  }),
  ...propertyCases('workspace', {
    workspaceFolder: { workspaceFolder: '/w' },
    'workspaceFolder with variables': {
      workspaceFolder: '/w/${localWorkspaceFolderBasename}',
      postCreateCommand: 'cd ${containerWorkspaceFolder}/${containerWorkspaceFolderBasename}',
    },
    workspaceMount: { workspaceMount: 'source=${localWorkspaceFolder},target=/w,type=bind', workspaceFolder: '/w' },
    'empty workspaceMount': { workspaceMount: '', workspaceFolder: '/w' },
    'workspaceMount alone': { workspaceMount: 'type=volume,source=v,target=/v' },
  }),
  ...propertyCases('older properties', {
    extensions: { extensions: ['a', 'b'] },
    settings: { settings: { 'editor.tabSize': 2 } },
    devPort: { devPort: 4000 },
    'all beside customizations': {
      extensions: ['b'],
      settings: { a: 1, b: 1 },
      devPort: 1,
      customizations: { vscode: { extensions: ['a'], settings: { b: 2 }, devPort: 2 } },
    },
    'beside another tool': { extensions: ['b'], customizations: { other: {} } },
  }),
];
