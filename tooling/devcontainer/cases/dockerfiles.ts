import type { ConfigurationCase } from './configuration-case.ts';

const dockerfileCase = (
  name: string,
  build: object,
  dockerfile: string,
  more: Partial<ConfigurationCase> = {},
): ConfigurationCase => ({
  name: `Dockerfile: ${name}`,
  configuration: { build: { dockerfile: 'Dockerfile', ...build } },
  files: { '.devcontainer/Dockerfile': dockerfile },
  label: [{ remoteUser: 'from-label', postCreateCommand: 'from-label' }],
  ...more,
});

export const dockerfileTable: readonly ConfigurationCase[] = [
  dockerfileCase('one stage', {}, 'FROM @IMAGE\nUSER x\n'),
  dockerfileCase(
    'context, cacheFrom and options',
    { context: '..', cacheFrom: ['a', 'b'], options: ['--add-host=x:1.2.3.4'] },
    'FROM @IMAGE\n',
  ),
  dockerfileCase('cacheFrom as text', { cacheFrom: 'a' }, 'FROM @IMAGE\n'),
  dockerfileCase('the last stage', {}, 'FROM scratch AS a\nFROM @IMAGE AS b\n'),
  dockerfileCase('a target', { target: 'a' }, 'FROM @IMAGE AS a\nFROM scratch AS b\n'),
  dockerfileCase('a chain of stages', {}, 'FROM @IMAGE AS base\nFROM base AS mid\nRUN true\nFROM mid\n'),
  dockerfileCase('an argument', { args: { BASE: '@IMAGE' } }, 'ARG BASE=scratch\nFROM ${BASE}\n'),
  dockerfileCase('the default of an argument', {}, 'ARG BASE=@IMAGE\nFROM $BASE\n'),
  dockerfileCase('a default inside FROM', {}, 'ARG BASE\nFROM ${BASE:-@IMAGE}\n'),
  dockerfileCase(
    'an argument of an argument',
    { args: { NAME: '@IMAGE' } },
    'ARG NAME\nARG BASE=$NAME\nFROM $BASE AS x\n',
  ),
  dockerfileCase('arguments that are no text', { args: { N: 1, F: true } }, 'FROM @IMAGE\nARG N\n'),
  dockerfileCase(
    'variables in arguments',
    { args: { BASE: '${localEnv:THE_BASE}', W: '${localWorkspaceFolder}' } },
    'ARG BASE\nFROM $BASE\n',
    { env: { THE_BASE: '@IMAGE' } },
  ),
  dockerfileCase('a syntax line and comments', {}, '# syntax=docker/dockerfile:1\n# comment\nFROM @IMAGE\n'),
  dockerfileCase('lower case and a platform', {}, 'from --platform=linux/amd64 @IMAGE as x\n'),
  {
    ...dockerfileCase('the older properties', {}, 'FROM @IMAGE\n'),
    configuration: { dockerFile: 'Dockerfile', context: '..', build: { args: { A: 'b' } } },
  },
  {
    ...dockerfileCase('with a feature', {}, 'FROM @IMAGE\nUSER node\n'),
    configuration: {
      build: { dockerfile: 'Dockerfile' },
      features: { '@HOST/features/full:1': {} },
      remoteEnv: { A: 'b' },
    },
  },
  {
    ...dockerfileCase('beside the folder', {}, ''),
    configuration: { build: { dockerfile: '../Dockerfile', context: '..' } },
    files: { Dockerfile: 'FROM @IMAGE\n' },
  },
];
