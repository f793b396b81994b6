import type { ConfigurationCase } from './configuration-case.ts';

const variableCase = (name: string, text: string, more: Partial<ConfigurationCase> = {}): ConfigurationCase => ({
  name: `variables: ${name}`,
  configuration: { image: '@IMAGE', remoteEnv: { V: text } },
  env: { SET: 'value', EMPTY: '', DOLLAR: '${localEnv:SET}$1$&', COLON: 'a:b' },
  ...more,
});

export const variableTable: readonly ConfigurationCase[] = [
  variableCase('localEnv', '${localEnv:SET}'),
  variableCase('env', '${env:SET}'),
  variableCase('several in one string', '${localEnv:SET}-${localEnv:SET}${env:SET}'),
  variableCase('unset', '[${localEnv:UNSET_X}]'),
  variableCase('empty', '[${localEnv:EMPTY:default}]'),
  variableCase('default', '${localEnv:UNSET_X:default}'),
  variableCase('empty default', '[${localEnv:UNSET_X:}]'),
  variableCase('only the first default', '${localEnv:UNSET_X:a:b:c}'),
  variableCase('default with a slash and blanks', '${localEnv:UNSET_X:/a b/c}'),
  variableCase('default of a set variable', '${localEnv:SET:default}'),
  variableCase('value with dollars', '${localEnv:DOLLAR}'),
  variableCase('value with colons', '${localEnv:COLON}'),
  variableCase('blank in the name', '[${localEnv: SET}][${ localEnv:SET}]'),
  variableCase('empty name', '[${localEnv:}]'),
  variableCase('other case', '[${LOCALENV:SET}][${localEnv:set}]'),
  variableCase('unknown', '${unknown} ${unknown:x} ${SET} $SET ${}'),
  variableCase('names of every object', '${constructor} ${toString} ${localEnv:toString} ${__proto__}'),
  variableCase('unfinished', '${localEnv:SET'),
  variableCase('nested', '${localEnv:UNSET_X:${localEnv:SET}}'),
  variableCase('escaped is not special', '\\${localEnv:SET} $${localEnv:SET}'),
  variableCase('line break inside', '${localEnv\n:SET}'),
  variableCase('folders', '${localWorkspaceFolder}|${localWorkspaceFolderBasename}'),
  variableCase('folders of the container', '${containerWorkspaceFolder}|${containerWorkspaceFolderBasename}'),
  variableCase('arguments of folders', '${localWorkspaceFolder:x}|${containerWorkspaceFolderBasename:y}'),
  variableCase('containerEnv stays', '${containerEnv:PATH} ${containerEnv:X:default}'),
  variableCase('devcontainerId stays', '${devcontainerId}'),
  variableCase('in image', '', {
    configuration: { image: '@HOST/cases/${localEnv:BASE:none}:latest' },
    env: { BASE: 'variables-in-image' },
  }),
  variableCase('in nested values', '', {
    configuration: {
      image: '@IMAGE',
      customizations: {
        vscode: { settings: { a: { b: ['${localEnv:SET}', 1, null, { '${localEnv:SET}': '${localEnv:SET}' }] } } },
      },
    },
  }),
  variableCase('in every kind of property', '', {
    configuration: {
      image: '@IMAGE',
      name: '${localEnv:SET}',
      mounts: [
        'source=${localEnv:SET},target=/${localEnv:SET}',
        { type: 'bind', source: '${localEnv:SET}', target: '/x' },
      ],
      capAdd: ['${localEnv:SET}'],
      forwardPorts: ['${localEnv:SET}:80'].slice(1),
      remoteUser: '${localEnv:SET}',
      runArgs: ['--x=${localEnv:SET}'],
      portsAttributes: { 1: { label: '${localEnv:SET}' } },
      containerEnv: { '${localEnv:SET}': '${localEnv:SET}' },
    },
  }),
  variableCase('in the label', '', {
    configuration: { image: '@IMAGE' },
    label: [
      {
        remoteEnv: { A: '${localEnv:SET} ${containerEnv:PATH} ${localWorkspaceFolder}' },
        postStartCommand: '${containerWorkspaceFolder}',
      },
    ],
  }),
];
