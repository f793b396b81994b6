import type { ConfigurationCase } from './configuration-case.ts';

/** A configuration that cannot be used, and the message of shale. */
export interface InvalidCase extends ConfigurationCase {
  readonly message: string;
}

const invalid = (
  name: string,
  configuration: object | string,
  message: string,
  files?: Readonly<Record<string, string>>,
): InvalidCase => ({ name: `invalid: ${name}`, configuration, message, files });

const feature = (id: string, metadata: object) => ({
  [`.devcontainer/${id}/devcontainer-feature.json`]: JSON.stringify({ id, version: '1.0.0', name: id, ...metadata }),
  [`.devcontainer/${id}/install.sh`]: '',
});
const JSON_PATH = '.devcontainer/devcontainer.json';

export const invalidCases: readonly InvalidCase[] = [
  invalid('a list', '["image"]', `${JSON_PATH}:1:1: must be an object, not array`),
  invalid('empty', '', `${JSON_PATH}:1:1: value is expected here`),
  invalid('a missing comma', '{\n "image": "@IMAGE"\n "name": "x" }', `${JSON_PATH}:3:2: comma is expected here`),
  invalid('an unfinished text', '{ "image": "@IMAGE }', `${JSON_PATH}:1:`),
  invalid('10 MiB', `{ "name": "${'x'.repeat(10 * 1024 * 1024)}" }`, 'has more than 1024 KiB'),
  invalid('nesting', `{ "x": ${'['.repeat(20_000)}${']'.repeat(20_000)} }`, 'nests more than 100 levels'),
  invalid('image of a number', { image: 1 }, `${JSON_PATH}:2:12: image must be a string`),
  invalid('build of text', { build: 'Dockerfile' }, `${JSON_PATH}:2:12: build must be an object`),
  invalid('mounts of text', { image: '@IMAGE', mounts: 'x' }, `${JSON_PATH}:3:13: mounts must be an array of mounts`),
  invalid('a command of a number', { image: '@IMAGE', postCreateCommand: 1 }, 'postCreateCommand must be a string'),
  invalid(
    'a requirement of text',
    { image: '@IMAGE', hostRequirements: { cpus: 'two' } },
    'cpus must be a whole number',
  ),
  invalid('features of a list', { image: '@IMAGE', features: [] }, 'features must be an object of features'),
  invalid(
    'a variable without a name',
    { image: '@IMAGE', name: '${localEnv}' },
    '${localEnv} names no environment variable',
  ),
  invalid(
    'compose without a service',
    { dockerComposeFile: 'c.yml' },
    `${JSON_PATH}:2:3: dockerComposeFile needs service`,
    {
      '.devcontainer/c.yml': 'services: {}',
    },
  ),
  invalid(
    'an unknown name of a feature',
    { image: '@IMAGE', features: { nodejs: {} } },
    '"nodejs": it has no registry',
  ),
  invalid(
    'a feature that is nowhere',
    { image: '@IMAGE', features: { '@HOST/features/gone:1': {} } },
    'its registry does not have it',
  ),
  invalid(
    'an unreachable registry',
    { image: '@IMAGE', features: { 'localhost:1/x/y:1': {} } },
    'Feature "localhost:1/x/y:1" cannot be fetched',
  ),
  invalid(
    'a malformed version',
    { image: '@IMAGE', features: { '@HOST/features/plain:a b': {} } },
    'the version is malformed',
  ),
  invalid('a local feature outside', { image: '@IMAGE', features: { '../x': {} } }, '"../x": it is not in'),
  invalid(
    'a local feature of an absolute path',
    { image: '@IMAGE', features: { '/x': {} } },
    'a local feature is relative to',
  ),
  invalid(
    'a local feature without metadata',
    { image: '@IMAGE', features: { './x': {} } },
    './x has no devcontainer-feature.json',
    {
      '.devcontainer/x/install.sh': '',
    },
  ),
  invalid('broken metadata', { image: '@IMAGE', features: { './x': {} } }, 'devcontainer-feature.json of ./x:1:', {
    '.devcontainer/x/devcontainer-feature.json': '{ "id": "x", "options": [] }',
    '.devcontainer/x/install.sh': '',
  }),
  invalid('a circle of dependsOn', { image: '@IMAGE', features: { './a': {} } }, './a -> ./b -> ./a', {
    ...feature('a', { dependsOn: { './b': {} } }),
    ...feature('b', { dependsOn: { './a': {} } }),
  }),
  invalid('a circle of installsAfter', { image: '@IMAGE', features: { './a': {}, './b': {} } }, './a -> ./b -> ./a', {
    ...feature('a', { installsAfter: ['./b'] }),
    ...feature('b', { installsAfter: ['./a'] }),
  }),
  invalid('a Dockerfile that is nowhere', { build: { dockerfile: 'Gone' } }, 'Gone'),
  invalid('a target that is no stage', { build: { dockerfile: 'D', target: 'x' } }, 'has no stage "x"', {
    '.devcontainer/D': 'FROM @IMAGE\n',
  }),
  invalid('a Dockerfile without FROM', { build: { dockerfile: 'D' } }, '', { '.devcontainer/D': '# nothing\n' }),
  invalid('a Dockerfile outside', { build: { dockerfile: '../../../../../../../../etc/passwd' } }, 'leads out of'),
];
