import type { ConfigurationCase } from './configuration-case.ts';

const labelCase = (name: string, label: unknown, properties: object = {}): ConfigurationCase => ({
  name: `label: ${name}`,
  configuration: { image: '@IMAGE', ...properties },
  label,
});

export const labelTable: readonly ConfigurationCase[] = [
  labelCase('one object', { remoteUser: 'node', postCreateCommand: 'a' }),
  labelCase('an array of one', [{ remoteUser: 'node' }]),
  labelCase('an empty array', []),
  labelCase('an empty object', {}),
  labelCase('an empty text', ''),
  labelCase('no JSON', 'nonsense {'),
  labelCase('a number', '1'),
  labelCase('unknown properties stay out', [{ id: 'x', future: 1, image: 'y', build: {} }]),
  labelCase('flags are or-ed', [{ init: true }, { privileged: true }], { init: false, privileged: false }),
  labelCase('lists are united', [{ capAdd: ['A', 'B'], securityOpt: ['x'] }, { capAdd: ['C'] }], {
    capAdd: ['B', 'D'],
    securityOpt: ['y'],
  }),
  labelCase('entrypoints are collected', [
    { id: 'a', entrypoint: '/a.sh' },
    { entrypoint: '' },
    { entrypoint: '/b "x".sh' },
  ]),
  labelCase('mounts of one target', [{ mounts: ['source=a,target=/x', 'source=b,target=/y'] }], {
    mounts: [{ type: 'volume', source: 'c', target: '/x' }],
  }),
  labelCase(
    "commands come before the user's",
    [{ onCreateCommand: 'a', postStartCommand: ['x'] }, { onCreateCommand: { b: 'c' } }],
    { onCreateCommand: 'd' },
  ),
  labelCase(
    'customizations are collected',
    [{ customizations: { vscode: { a: 1 }, x: { y: 1 } } }, { customizations: { vscode: { b: 1 } } }],
    { customizations: { vscode: { c: 1 } } },
  ),
  labelCase('users: the last wins', [{ remoteUser: 'a', containerUser: 'b' }, { remoteUser: 'c' }]),
  labelCase('users: the configuration wins', [{ remoteUser: 'a', containerUser: 'b' }], { remoteUser: 'd' }),
  labelCase('users: empty does not count', [{ remoteUser: 'a' }, { remoteUser: '' }], { remoteUser: '' }),
  labelCase(
    'waitFor, probe and shutdown: the last wins',
    [{ waitFor: 'onCreateCommand', userEnvProbe: 'none', shutdownAction: 'none' }],
    { waitFor: 'postCreateCommand' },
  ),
  labelCase(
    'false counts for overrideCommand and updateRemoteUserUID',
    [{ overrideCommand: true, updateRemoteUserUID: true }],
    { overrideCommand: false, updateRemoteUserUID: false },
  ),
  labelCase(
    'environments: the last wins for each name',
    [{ remoteEnv: { A: '1', B: '1' }, containerEnv: { X: '1' } }, { remoteEnv: { B: '2', C: null } }],
    { remoteEnv: { C: '3' }, containerEnv: { Y: '2' } },
  ),
  labelCase('ports are united', [{ forwardPorts: [1, 'db:2'] }, { forwardPorts: ['localhost:1', 3] }], {
    forwardPorts: ['db:2', 'localhost:4'],
  }),
  labelCase(
    'attributes of ports: the last wins for each',
    [{ portsAttributes: { 1: { label: 'a' }, 2: {} }, otherPortsAttributes: { onAutoForward: 'ignore' } }],
    { portsAttributes: { 1: { label: 'b' } } },
  ),
  labelCase(
    'requirements: the maximum',
    [
      { hostRequirements: { cpus: 4, memory: '1gb', gpu: 'optional' } },
      { hostRequirements: { memory: '2048mb', storage: '1tb' } },
    ],
    { hostRequirements: { cpus: 2, memory: '1gb' } },
  ),
  labelCase('requirements: optional GPUs', [{ hostRequirements: { gpu: 'optional' } }], {
    hostRequirements: { gpu: 'optional' },
  }),
  labelCase('requirements: GPU and optional', [{ hostRequirements: { gpu: true } }], {
    hostRequirements: { gpu: 'optional' },
  }),
  labelCase('requirements: GPUs of some size', [{ hostRequirements: { gpu: { cores: 2, memory: '4gb' } } }], {
    hostRequirements: { gpu: { cores: 1, memory: '8gb' } },
  }),
  labelCase('requirements: no GPU', [{ hostRequirements: { gpu: false } }], {
    hostRequirements: { gpu: { cores: 1 } },
  }),
  labelCase('quoting torture', [
    { remoteEnv: { T: `a "b" 'c' \\ $d \${e} \`f\`\n\t` }, postCreateCommand: 'echo "x\\"y"' },
  ]),
  labelCase('the base of a base', [
    { id: 'ghcr.io/x/y/z:1', init: true, onCreateCommand: 'z' },
    { remoteUser: 'one' },
    { id: './local', privileged: true },
    { remoteUser: 'two' },
  ]),
];
