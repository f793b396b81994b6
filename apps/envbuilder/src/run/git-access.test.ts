import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { type Environment, readCommandLine } from '../options/read-options.ts';
import { gitAccess } from './git-access.ts';

const accessOf = (env: Environment) => {
  const line = readCommandLine([], env);
  if (line.type !== 'run') throw new Error('unexpected');
  return gitAccess(line.options, env);
};
const base64 = (text: string) => Buffer.from(text).toString('base64');

it('gitAccess() is what the options say', () => {
  const env = {
    ENVBUILDER_GIT_USERNAME: 'me',
    ENVBUILDER_GIT_PASSWORD: 'word',
    ENVBUILDER_GIT_SSH_PRIVATE_KEY_BASE64: base64('key'),
    ENVBUILDER_GIT_HTTP_PROXY_URL: 'http://p.example',
    ENVBUILDER_SSL_CERT_BASE64: base64('pem'),
    ENVBUILDER_INSECURE: 'true',
    SSH_KNOWN_HOSTS: '/hosts',
  };
  expect(accessOf(env)).toEqual({
    username: 'me',
    password: 'word',
    ssh: { username: 'me', privateKey: 'key', knownHosts: '/hosts' },
    proxy: 'http://p.example',
    certificates: expect.stringMatching(/\npem$/),
    insecure: true,
  });
});

it('gitAccess() reads a key file, or says why it cannot', async () => {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'key');
  expect(() => accessOf({ ENVBUILDER_GIT_SSH_PRIVATE_KEY_PATH: path })).toThrow(`${path} cannot be read`);
  writeFileSync(path, 'key of a file');
  expect(accessOf({ ENVBUILDER_GIT_SSH_PRIVATE_KEY_PATH: path }).ssh?.privateKey).toBe('key of a file');
});

it('gitAccess() trusts SSL_CERT_FILE besides SSL_CERT_BASE64, or says why it cannot be read', async () => {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'authority.pem');
  expect(() => accessOf({ SSL_CERT_FILE: path })).toThrow(`${path} of SSL_CERT_FILE cannot be read`);
  writeFileSync(path, 'of a file');
  expect(accessOf({ SSL_CERT_FILE: path }).certificates).toMatch(/\nof a file$/);
  const both = { SSL_CERT_FILE: path, ENVBUILDER_SSL_CERT_BASE64: base64('given') };
  expect(accessOf(both).certificates).toMatch(/\nof a file\ngiven$/);
});
