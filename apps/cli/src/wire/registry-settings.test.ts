import { describe, expect, it } from 'vitest';
import { readOptions } from '../options/read-options.ts';
import { registryOptions } from '../options/registries.ts';
import { registrySettings } from './registry-settings.ts';

function settingsOf(flags: Readonly<Record<string, readonly string[]>>) {
  return registrySettings(readOptions(registryOptions, new Map(Object.entries(flags)), {}));
}

describe('registrySettings()', () => {
  it('joins the flags for certificates by registry', () => {
    const { certificates } = settingsOf({
      'registry-certificate': ['a.example=/ca.pem', 'a.example=/other.pem', 'b.example=/b.pem'],
      'registry-client-cert': ['a.example=/me.pem,/me.key'],
    });
    expect(certificates).toEqual({
      'a.example': { authorities: ['/ca.pem', '/other.pem'], client: { certificate: '/me.pem', key: '/me.key' } },
      'b.example': { authorities: ['/b.pem'] },
    });
  });

  it('joins the places for tokens by registry', () => {
    const { realmHosts } = settingsOf({
      'registry-token-host': ['a.example=sso.example', 'a.example=a.example:5001', 'b.example:5000=b.example:5001'],
    });
    expect(realmHosts).toEqual({
      'a.example': ['sso.example', 'a.example:5001'],
      'b.example:5000': ['b.example:5001'],
    });
  });

  it('reads mirrors and maps, several in one text', () => {
    const { mirrors } = settingsOf({
      'registry-map': ['quay.example=near.example;other.example=far.example'],
      'registry-mirror': ['https://mirror.example'],
    });
    expect(mirrors).toEqual({
      'quay.example': ['near.example'],
      'other.example': ['far.example'],
      'docker.io': ['https://mirror.example'],
    });
  });

  it('refuses what is not an assignment', () => {
    expect(() => settingsOf({ 'registry-client-cert': ['nonsense'] })).toThrow('takes HOST=CERTIFICATE,KEY');
    expect(() => settingsOf({ 'registry-client-cert': ['a=b'] })).toThrow('takes HOST=CERTIFICATE,KEY');
    expect(() => settingsOf({ 'registry-certificate': ['nonsense'] })).toThrow('takes HOST=FILE');
  });
});
