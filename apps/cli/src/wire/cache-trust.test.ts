import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { readCacheTrust } from './cache-trust.ts';
import { type TrustOptions, wantsTrust } from './wants-trust.ts';

const NONE: TrustOptions = {
  cacheSignKey: undefined,
  cacheTrustKey: [],
  cacheScope: undefined,
  cacheTrustedScope: [],
};

function makeKey(directory: string, name: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(directory, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(directory, `${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
}

it('readCacheTrust() reads keys in PEM form, several in one file too', async () => {
  await using scratch = await openScratchDirectory();
  const { path } = scratch;
  for (const name of ['old', 'new']) makeKey(path, name);
  writeFileSync(
    join(path, 'both.pub'),
    ['old', 'new'].map((name) => readFileSync(join(path, `${name}.pub`))).join('\n'),
  );
  const options = { ...NONE, cacheSignKey: 'new.pem', cacheTrustKey: ['both.pub', join(path, 'new.pub')] };
  const trust = readCacheTrust(options, path);
  expect(trust.signKey?.type).toBe('private');
  expect(trust.trustKeys?.map(({ type }) => type)).toEqual(['public', 'public', 'public']);
  expect(readCacheTrust({ ...NONE, cacheScope: 'pr/12', cacheTrustedScope: ['main', ''] }, path)).toMatchObject({
    scope: 'pr/12',
    trustedScopes: ['main', ''],
    trustKeys: undefined,
  });
});

it('readCacheTrust() names a file that is missing, is no key, or the wrong half of one', async () => {
  await using scratch = await openScratchDirectory();
  makeKey(scratch.path, 'ci');
  const read = (change: Partial<TrustOptions>) => () => readCacheTrust({ ...NONE, ...change }, scratch.path);
  expect(read({ cacheSignKey: 'nope.pem' })).toThrow('--cache-sign-key names');
  expect(read({ cacheSignKey: 'ci.pub' })).toThrow('This is not a private key in PEM form');
  expect(read({ cacheScope: 'A B' })).toThrow('Invalid cache scope');
});

it('wantsTrust() is false when nothing is named', () => {
  expect(wantsTrust(NONE)).toBe(false);
  expect(wantsTrust({ ...NONE, cacheTrustedScope: [''] })).toBe(true);
});
