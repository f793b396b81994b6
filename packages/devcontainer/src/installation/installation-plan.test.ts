import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../configuration/load-configuration.ts';
import type { FeatureMetadata } from '../features/feature-metadata.ts';
import { featureEnvironment, homeVariables, installationPlan } from './installation-plan.ts';
import { printDockerfile } from './print-dockerfile.ts';

const feature = (name: string, metadata: FeatureMetadata = {}, options: Record<string, string> = {}) => ({
  id: `./${name}`,
  name,
  options,
  origin: { type: 'local' as const, folder: `/w/.devcontainer/${name}` },
  metadata,
});
const loaded = (configuration: object) =>
  parseConfiguration(JSON.stringify(configuration), '/w/.devcontainer/devcontainer.json', {
    workspaceFolder: '/w',
    localEnv: { USER: 'me' },
  });
const odd = `a "b" 'c' \\ $HOME \`id\`\nd`;

describe('installationPlan()', () => {
  it('gives install.sh its options and users, and the image its label and environment', () => {
    const plan = installationPlan({
      loaded: loaded({ remoteUser: '${localEnv:USER}', containerEnv: { A: '${localEnv:USER}', N: 1 } }),
      base: [{ containerUser: 'node' }],
      features: [feature('one', { options: { version: { default: '1' } }, containerEnv: { X: 'y' } }, { odd })],
    });
    expect(plan).toMatchObject({
      containerUser: 'node',
      remoteUser: 'me',
      imageUser: 'root',
      containerEnv: { A: 'me', N: '1' },
      features: [
        {
          name: 'one_0',
          containerEnv: { X: 'y' },
          variables: { VERSION: '1', ODD: odd, _CONTAINER_USER: 'node', _REMOTE_USER: 'me' },
        },
      ],
    });
    expect(plan.label).toContain('"remoteUser":"${localEnv:USER}"');
  });

  it('has no label where there is nothing to say', () => {
    expect(installationPlan({ loaded: loaded({}), base: [], features: [] }).label).toBeUndefined();
  });
});

describe('homeVariables()', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n1000:x:7:7::/odd:/bin/sh\n';

  it.each([
    ['node', '/home/node'],
    ['0', '/root'],
    ['1000:1000', '/odd'],
    ['nobody', ''],
  ])('finds the home of %s', (user, home) => {
    expect(homeVariables({ containerUser: 'root', remoteUser: user }, passwd)).toEqual({
      _CONTAINER_USER_HOME: '/root',
      _REMOTE_USER_HOME: home,
    });
  });
});

it('featureEnvironment() extends what is there, and keeps everything else as it is', () => {
  const containerEnv = { PATH: '/x:${PATH}', B: '$PATH', C: 'a "b" \\n \'c\' ${NONE:-d}', constructor: '${toString}' };
  expect(featureEnvironment(containerEnv, { PATH: '/bin' })).toEqual({
    PATH: '/x:/bin',
    B: '/x:/bin',
    C: 'a "b" \\n \'c\' d',
    constructor: '',
  });
});

describe('printDockerfile()', () => {
  const plan = installationPlan({
    loaded: loaded({ containerEnv: { ODD: 'a"b\\c$d' } }),
    base: [],
    features: [feature('one', {}, { odd })],
    imageUser: 'node',
  });

  it('names the last stage of a Dockerfile where it has no name', () => {
    const first = (dockerfile: string, target?: string) =>
      printDockerfile({ dockerfile, target }, plan).split('\n\n')[0];
    expect(first('FROM a\nFROM --platform=$X b\nRUN c\n')).toBe(
      'FROM a\nFROM --platform=$X b AS dev_container_auto_added_stage_label\nRUN c',
    );
    expect(printDockerfile({ dockerfile: 'FROM a AS x\n' }, plan)).toContain(
      '\nFROM x AS dev_containers_target_stage\n',
    );
    expect(printDockerfile({ dockerfile: 'FROM a AS x\nFROM b\n', target: 'x' }, plan)).toContain(
      '\nFROM x AS dev_con',
    );
  });

  it('ends as the user of the image, with label and environment', () => {
    const lines = printDockerfile({ image: 'debian' }, plan).trimEnd().split('\n');
    expect(lines.slice(-3)).toEqual([
      'USER node',
      String.raw`LABEL devcontainer.metadata="[ {\"id\":\"./one\"}, {\"containerEnv\":{\"ODD\":\"a\\\"b\\\\c\$d\"}} ]"`,
      String.raw`ENV ODD="a\"b\\c\$d"`,
    ]);
  });

  it('passes options to install.sh as they are, through the shell', () => {
    const exports = [...printDockerfile({ image: 'a' }, plan).matchAll(/ && (export ODD=.*) \\$/gm)].map(
      ([, line]) => line,
    );
    const { stdout } = spawnSync('/bin/sh', ['-c', `${exports.join('')}; printf %s "$ODD"`], { encoding: 'utf8' });
    expect(stdout).toBe(odd);
  });
});
