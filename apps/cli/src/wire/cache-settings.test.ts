import { expect, it } from 'vitest';
import { cacheOptions } from '../options/cache.ts';
import { readOptions } from '../options/read-options.ts';
import { cacheSettings } from './cache-settings.ts';

async function settingsOf(flags: Readonly<Record<string, string>>) {
  const values = new Map(Object.entries(flags).map(([name, text]) => [name, [text]]));
  return cacheSettings(readOptions(cacheOptions, values, {}), { cwd: '/here', stateDir: '/state' });
}

async function tiersOf(flags: Readonly<Record<string, string>>) {
  const { tiers = [] } = await settingsOf(flags);
  return tiers.map(({ location, readOnly }) => {
    const name = location.kind === 'directory' ? location.root : location.repository.repository;
    return readOnly === true ? `${name}, read only` : name;
  });
}

it('cacheSettings() names the state folder unless a cache that is written was named', async () => {
  expect(await tiersOf({})).toEqual(['/state/cache']);
  expect(await tiersOf({ 'cache-from': 'r.example/b' })).toEqual(['/state/cache', 'b, read only']);
  expect(await tiersOf({ 'cache-repo': 'r.example/a', 'cache-from': 'r.example/b' })).toEqual(['a', 'b, read only']);
  expect(await tiersOf({ 'cache-repo': 'r.example/a', 'layer-cache-dir': 'layers' })).toEqual(['/here/layers', 'a']);
});

it('cacheSettings() keeps entries for ever when --cache-ttl is 0', async () => {
  expect((await settingsOf({})).ttlMs).toBeUndefined();
  expect((await settingsOf({ 'cache-ttl': '1d' })).ttlMs).toBe(86_400_000);
  expect((await settingsOf({ 'cache-ttl': '0' })).ttlMs).toBe(Number.POSITIVE_INFINITY);
});
