import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import { dockerConfigKeychain } from './docker-config.ts';

const auth = (pair: string) => ({ auth: Buffer.from(pair).toString('base64') });
const keychainOf = (config: object) =>
  dockerConfigKeychain({ configs: [{ text: JSON.stringify(config), origin: 'config.json' }] });
const userAt = async (config: object, registry: string, repository = 'app') => {
  const found = await keychainOf(config).resolve({ registry, repository });
  return found?.type === 'password' ? found.username : found;
};

describe('dockerConfigKeychain()', () => {
  it('reads user and password, which may hold colons', async () => {
    const found = await keychainOf({ auths: { 'r.example': auth('me:a:b') } }).resolve({
      registry: 'r.example',
      repository: 'app',
    });
    expect(found).toEqual({ type: 'password', username: 'me', password: 'a:b', origin: 'config.json' });
  });

  it.each([
    [
      { username: 'me', password: 'pw' },
      { type: 'password', username: 'me', password: 'pw' },
    ],
    [
      { ...auth('me:pw'), identitytoken: 'refresh' },
      { type: 'identity-token', token: 'refresh' },
    ],
    [{ registrytoken: 'bearer' }, { type: 'registry-token', token: 'bearer' }],
  ])('reads an entry of the form %j', async (entry, expected) => {
    const found = await keychainOf({ auths: { 'r.example': entry } }).resolve({
      registry: 'r.example',
      repository: 'a',
    });
    expect(found).toMatchObject(expected);
  });

  it('takes an empty entry for none', async () => {
    expect(await userAt({ auths: { 'r.example': {} } }, 'r.example')).toBeUndefined();
  });

  it('prefers the longest path that covers the repository', async () => {
    const config = { auths: { r: auth('host:'), 'r/a': auth('a:'), 'r/a/b': auth('ab:') } };
    expect(await userAt(config, 'r', 'a/b/c')).toBe('ab');
    expect(await userAt(config, 'r', 'a/x')).toBe('a');
    expect(await userAt(config, 'r', 'x')).toBe('host');
    expect(await userAt(config, 'r', 'ab')).toBe('host');
  });

  it('never sends the credentials of one path to another', async () => {
    const config = { auths: { 'r.example/org-a': auth('a:pw') } };
    expect(await userAt(config, 'r.example', 'org-a/app')).toBe('a');
    expect(await userAt(config, 'r.example', 'org-b/app')).toBeUndefined();
    expect(await userAt(config, 'r.example', 'org-ab/app')).toBeUndefined();
  });

  it.each([
    ['https://r.example', 'r.example'],
    ['https://r.example/v1/', 'r.example'],
    ['http://r.example:5000/v2', 'r.example:5000'],
    ['r.example:5000/app:tag', 'r.example:5000'],
  ])('takes the entry %s for the host %s', async (key, registry) => {
    expect(await userAt({ auths: { [key]: auth('me:pw') } }, registry)).toBe('me');
    expect(await userAt({ auths: { [key]: auth('me:pw') } }, 'other.example')).toBeUndefined();
  });

  it('knows the names of Docker Hub', async () => {
    expect(await userAt({ auths: { 'https://index.docker.io/v1/': auth('hub:pw') } }, 'docker.io')).toBe('hub');
    expect(await userAt({ auths: { 'docker.io': auth('hub:pw') } }, 'docker.io', 'library/debian')).toBe('hub');
  });

  it('asks files in order and skips those that are absent', async () => {
    await using scratch = await openScratchDirectory();
    const paths = ['none.json', 'a.json', 'b.json'].map((name) => join(scratch.path, name));
    await writeFile(paths[1] as string, JSON.stringify({ auths: { a: auth('first:') } }));
    await writeFile(paths[2] as string, JSON.stringify({ auths: { a: auth('second:'), b: auth('b:') } }));
    const keychain = dockerConfigKeychain({ paths });
    expect(await keychain.resolve({ registry: 'a', repository: 'x' })).toMatchObject({
      username: 'first',
      origin: paths[1],
    });
    expect(await keychain.resolve({ registry: 'b', repository: 'x' })).toMatchObject({
      username: 'b',
      origin: paths[2],
    });
  });

  it('names the file that is broken, and quotes nothing of it', async () => {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'config.json');
    await writeFile(path, '{"auths": {"a": {"auth": "c2VjcmV0OnNlY3JldA=="}');
    const failure = dockerConfigKeychain({ paths: [path] }).resolve({ registry: 'a', repository: 'x' });
    await expect(failure).rejects.toMatchObject({ code: 'CREDENTIALS_INVALID', message: `${path}: it is not JSON` });
  });
});

describe('dockerConfigKeychain() with credential programs', () => {
  const script = (body: string) => `#!/bin/sh\nread server\n${body}\n`;

  async function withProgram(body: string, config: object) {
    const scratch = await openScratchDirectory();
    const program = join(scratch.path, 'docker-credential-test');
    await writeFile(program, script(body));
    await chmod(program, 0o755);
    const warnings: string[] = [];
    const keychain = dockerConfigKeychain({
      configs: [{ text: JSON.stringify(config), origin: 'config.json' }],
      helperPath: `relative:${scratch.path}`,
      helperEnvironment: { PATH: '/usr/bin:/bin' },
      onWarning: (message) => warnings.push(message),
    });
    return { keychain, program, warnings, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
  }

  it('asks the program of the host, before the store and the entries', async () => {
    const config = { credHelpers: { r: 'test' }, credsStore: 'none', auths: { r: auth('file:') } };
    await using run = await withProgram('echo "{\\"Username\\":\\"me\\",\\"Secret\\":\\"for $server\\"}"', config);
    expect(await run.keychain.resolve({ registry: 'r', repository: 'a' })).toEqual({
      type: 'password',
      username: 'me',
      password: 'for r',
      origin: run.program,
    });
  });

  it('takes the user <token> for an identity token, and asks for Docker Hub by its old name', async () => {
    await using run = await withProgram(`echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"$server\\"}"`, {
      credsStore: 'test',
    });
    expect(await run.keychain.resolve({ registry: 'docker.io', repository: 'a' })).toMatchObject({
      type: 'identity-token',
      token: 'https://index.docker.io/v1/',
    });
  });

  it('goes on with the entries when the program knows nothing', async () => {
    const config = { credsStore: 'test', auths: { r: auth('file:') } };
    await using run = await withProgram('echo "credentials not found in native keychain"; exit 1', config);
    expect(await run.keychain.resolve({ registry: 'r', repository: 'a' })).toMatchObject({ username: 'file' });
  });

  it('says which program failed', async () => {
    await using run = await withProgram('echo "the vault is locked"; exit 3', { credHelpers: { r: 'test' } });
    await expect(run.keychain.resolve({ registry: 'r', repository: 'a' })).rejects.toMatchObject({
      code: 'CREDENTIALS_INVALID',
      origin: run.program,
      message: expect.stringContaining('status 3: the vault is locked'),
    });
  });

  it('warns of a missing store, and fails for a missing program of the host', async () => {
    await using run = await withProgram('', {
      credsStore: 'gone',
      credHelpers: { special: 'gone' },
      auths: { r: auth('f:') },
    });
    expect(await run.keychain.resolve({ registry: 'r', repository: 'a' })).toMatchObject({ username: 'f' });
    expect(run.warnings).toEqual([expect.stringContaining('docker-credential-gone')]);
    await expect(run.keychain.resolve({ registry: 'special', repository: 'a' })).rejects.toMatchObject({
      code: 'CREDENTIALS_INVALID',
    });
  });

  it.each(['../../x', 'a;b', 'A', ''])('runs no program of the name %j', async (name) => {
    const config = { credHelpers: { r: name }, credsStore: name };
    const keychain = dockerConfigKeychain({
      configs: [{ text: JSON.stringify(config), origin: 'c' }],
      helperPath: '/usr/bin',
    });
    const found = keychain.resolve({ registry: 'r', repository: 'a' });
    await (name === '' ? expect(found).resolves.toBeUndefined() : expect(found).rejects.toThrow(/credential program/));
  });
});
