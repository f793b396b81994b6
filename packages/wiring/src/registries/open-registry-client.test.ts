import { parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { faultProxy, makeCertificate, makeImage, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { openCacheClient, openRegistryClient } from './open-registry-client.ts';
import type { RegistrySettings } from './registry-settings.ts';

describe('openRegistryClient()', () => {
  const ask = async (name: string, settings: RegistrySettings) => {
    await using client = openRegistryClient({ retries: 0, ...settings }, { env: { HOME: '/nowhere' } });
    const reference = parseReference(name);
    return client.repository(reference).headManifest(reference.tag ?? 'none');
  };

  it('trusts an authority, and shows a certificate, for one registry', async () => {
    await using scratch = await openScratchDirectory();
    const server = makeCertificate({ directory: scratch.path, name: 'server', alternativeNames: 'IP:127.0.0.1' });
    const me = makeCertificate({ directory: scratch.path, name: 'me' });
    await using registry = await startRegistry({ tls: { ...server, clientCa: me.cert } });
    const { host } = registry;
    const name = `${host}/app:none`;
    const authorities = [server.cert];
    const client = { certificate: me.cert, key: me.key };
    await expect(ask(name, { certificates: { [host]: { client } } })).rejects.toThrow('self-signed');
    await expect(ask(name, { certificates: { [host]: { authorities } } })).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
    });
    expect(await ask(name, { certificates: { [host]: { authorities, client } } })).toBeUndefined();
    expect(await ask(name, { insecure: [host], certificates: { [host]: { client } } })).toBeUndefined();
    const absent = { certificates: { a: { authorities: ['/absent'] } } };
    await expect(ask(name, absent)).rejects.toThrow('The certificate for a in /absent cannot be read');
  });

  it('says which authorities cannot be read once a registry is asked', async () => {
    const env = { HOME: '/nowhere', SSL_CERT_FILE: '/absent' };
    await using client = openRegistryClient({}, { env });
    const reference = parseReference('127.0.0.1:1/app:v1');
    await expect(client.repository(reference).headManifest('v1')).rejects.toThrow(
      'SSL_CERT_FILE names /absent, which cannot be read',
    );
  });

  it('asks mirrors first, and nobody else when told so', async () => {
    await using registry = await startRegistry();
    await using client = createRegistryClient();
    await makeImage(client.repository(parseReference(`${registry.host}/app`)), { layers: [{ a: 'a' }], tag: 'v1' });
    const mirrors = { 'quay.invalid': [registry.host] };
    expect(await ask('quay.invalid/app:v1', { mirrors })).toMatchObject({ size: expect.any(Number) });
    await expect(ask('quay.invalid/app:v2', { mirrors })).rejects.toThrow('quay.invalid');
    expect(await ask('quay.invalid/app:v2', { mirrors, mirrorFallback: false })).toBeUndefined();
  });
});

it('openCacheClient() does not wait as long as a registry asks for', async () => {
  await using registry = await startRegistry();
  await using proxy = await faultProxy(registry.url);
  const tooMany = { respond: { status: 429, headers: { 'retry-after': '600' } } };
  proxy.rules.push({ method: 'HEAD', nth: 1, fault: tooMany });
  await using client = openCacheClient({}, { env: { HOME: '/nowhere' } });
  expect(await client.repository(parseReference(`${proxy.host}/cache`)).headManifest('none')).toBeUndefined();
});
