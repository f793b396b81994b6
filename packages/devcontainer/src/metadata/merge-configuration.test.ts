import { describe, expect, it } from 'vitest';
import { mergeHostRequirements, sizeBytes } from './host-requirements.ts';
import { mergeConfiguration } from './merge-configuration.ts';
import { devcontainerUsers } from './users.ts';

// how each property merges is compared with the official CLI in tooling/devcontainer
describe('mergeConfiguration()', () => {
  it('keeps what does not merge, and collects what does', () => {
    const merged = mergeConfiguration({ image: 'a', onCreateCommand: 'mine' }, [
      { id: 'f', onCreateCommand: 'theirs', entrypoint: '/e' },
      { onCreateCommand: 'mine' },
    ]);
    expect(merged).toMatchObject({
      image: 'a',
      onCreateCommands: ['theirs', 'mine'],
      entrypoints: ['/e'],
      init: false,
    });
    expect(merged).not.toHaveProperty('onCreateCommand');
  });

  it('asks for nothing where nobody does', () => {
    expect(mergeConfiguration({}, []).hostRequirements).toBeUndefined();
  });
});

it.each([
  ['8gb', 8 * 1024 ** 3],
  ['64kb', 65536],
  ['100', 100],
  ['many', 0],
])('sizeBytes() reads %s', (size, bytes) => {
  expect(sizeBytes(size)).toBe(bytes);
});

it('mergeHostRequirements() takes the most of each', () => {
  expect(
    mergeHostRequirements([{ cpus: 2, gpu: 'optional' }, { cpus: 4, memory: '1gb' }, { gpu: { cores: 2 } }]),
  ).toEqual({
    cpus: 4,
    memory: String(1024 ** 3),
    storage: undefined,
    gpu: { cores: 2, memory: undefined },
  });
});

it('devcontainerUsers() asks the entries, then the compose service, then the image', () => {
  expect(devcontainerUsers([{ containerUser: 'a' }, { remoteUser: 'b' }])).toEqual({
    containerUser: 'a',
    remoteUser: 'b',
  });
  expect(devcontainerUsers([], { composeUser: 'c', imageUser: 'd' })).toEqual({ containerUser: 'c', remoteUser: 'c' });
  expect(devcontainerUsers([])).toEqual({ containerUser: 'root', remoteUser: 'root' });
});
