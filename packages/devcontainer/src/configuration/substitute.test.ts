import { describe, expect, it } from 'vitest';
import { devcontainerId, devcontainerLabels } from './devcontainer-id.ts';
import { substituteContainerEnv, substituteDevcontainerId, substituteLocal } from './substitute.ts';

describe('substituteLocal()', () => {
  const variables = {
    localEnv: { HOME: '/home/me', EMPTY: '' },
    localWorkspaceFolder: '/src/my app',
    containerWorkspaceFolder: '/workspaces/${localWorkspaceFolderBasename}',
  };

  it.each([
    ['${localEnv:HOME}', '/home/me'],
    ['${env:HOME}/${localEnv:HOME}', '/home/me//home/me'],
    ['${localEnv:NONE}', ''],
    ['${localEnv:NONE:a:b:c}', 'a'],
    ['${localEnv:EMPTY:default}', ''],
    ['${localEnv:}', ''],
    ['${localWorkspaceFolder}', '/src/my app'],
    ['${localWorkspaceFolderBasename}', 'my app'],
    ['${containerWorkspaceFolder}', '/workspaces/my app'],
    ['${containerWorkspaceFolderBasename}', 'my app'],
    ['${containerEnv:HOME}', '${containerEnv:HOME}'],
    ['${devcontainerId}', '${devcontainerId}'],
    ['${HOME}', '${HOME}'],
    ['${toString}', '${toString}'],
    ['${localEnv:constructor}', ''],
    ['$HOME ${', '$HOME ${'],
  ])('makes %s to %s', (text, expected) => {
    expect(substituteLocal(text, variables)).toBe(expected);
  });

  it('reaches every string of a value, and no key', () => {
    const value = { '${localEnv:HOME}': ['${localEnv:HOME}', { deep: '${localEnv:HOME}' }, 1, null, true] };
    expect(substituteLocal(value, variables)).toEqual({
      '${localEnv:HOME}': ['/home/me', { deep: '/home/me' }, 1, null, true],
    });
  });

  it('refuses a variable of the environment without a name', () => {
    expect(() => substituteLocal('${localEnv}', variables)).toThrow('${localEnv} names no environment variable');
  });

  it('reads bare names only where it is asked to, and leaves those that nobody knows', () => {
    expect(substituteLocal('${HOME} ${NONE} ${devcontainerId}', { ...variables, bareNames: true })).toBe(
      '/home/me ${NONE} ${devcontainerId}',
    );
  });
});

it('substituteContainerEnv() reads what the container has, with a default', () => {
  expect(substituteContainerEnv('${containerEnv:PATH}:${containerEnv:X:/x}', { PATH: '/bin' })).toBe('/bin:/x');
});

it('substituteDevcontainerId() computes the id that the official tool gives the same labels', () => {
  const labels = devcontainerLabels('/work space', '/work space/.devcontainer/devcontainer.json');
  const swapped = Object.fromEntries(Object.entries(labels).reverse());
  expect(devcontainerId(swapped)).toBe(devcontainerId(labels));
  expect(substituteDevcontainerId('cache-${devcontainerId}', () => devcontainerId(labels))).toMatch(
    /^cache-[0-9a-v]{52}$/,
  );
  // node -p 'BigInt("0x" + crypto.createHash("sha256").update(`{"a":"2","b":"1"}`).digest("hex")).toString(32).padStart(52, 0)'
  expect(devcontainerId({ b: '1', a: '2' })).toBe('1tt86ve9mo2t13a51sabmi97lq5b4q5nav8nmlsr9q762k0dgv2a');
});
