import { openScratchDirectory, parseReference } from '@shale/core';
import { createRegistryClient } from '@shale/registry';
import { makeCertificate, makeImage, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { mirrorsByRegistry, openRegistryClient, type RegistrySettings } from './open-registry-client.ts';

it('mirrorsByRegistry() is for docker.io unless another registry is named', () => {
  expect(
    mirrorsByRegistry(['https://a.example', 'quay.io=http://b.example:5000/q', 'index.docker.io=c.example']),
  ).toEqual({
    'docker.io': ['https://a.example', 'c.example'],
    'quay.io': ['http://b.example:5000/q'],
  });
});

describe("kaniko's registry flags", () => {
  const place = { dockerConfigBase64: undefined, insecure: false, registryMirror: [], sslCertBase64: undefined };
  const ask = async (name: string, settings: Partial<RegistrySettings>) => {
    const options = { ...place, imageDownloadRetry: 0, ...settings };
    await using client = openRegistryClient({ options, env: { HOME: '/nowhere' }, onProgress: () => undefined });
    const reference = parseReference(name);
    return client.repository(reference).headManifest(reference.tag ?? 'none');
  };

  it('trust an authority, and show a certificate, for one registry', async () => {
    await using scratch = await openScratchDirectory();
    const server = makeCertificate({ directory: scratch.path, name: 'server', alternativeNames: 'IP:127.0.0.1' });
    const me = makeCertificate({ directory: scratch.path, name: 'me' });
    await using registry = await startRegistry({ tls: { ...server, clientCa: me.cert } });
    const name = `${registry.host}/app:none`;
    const registryCertificate = [`${registry.host}=${server.cert}`];
    const registryClientCert = [`${registry.host}=${me.cert},${me.key}`];
    await expect(ask(name, { registryClientCert })).rejects.toThrow('self-signed');
    await expect(ask(name, { registryCertificate })).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(await ask(name, { registryCertificate, registryClientCert })).toBeUndefined();
    expect(await ask(name, { skipTlsVerifyRegistry: [registry.host], registryClientCert })).toBeUndefined();
    await expect(ask(name, { registryClientCert: ['nonsense'] })).rejects.toThrow('takes HOST=CERTIFICATE,KEY');
    await expect(ask(name, { registryCertificate: ['a=/absent'] })).rejects.toThrow('cannot be read');
  });

  it('say which authorities cannot be read once a registry is asked', async () => {
    const env = { HOME: '/nowhere', SSL_CERT_FILE: '/absent' };
    await using client = openRegistryClient({ options: place, env, onProgress: () => undefined });
    const reference = parseReference('127.0.0.1:1/app:v1');
    await expect(client.repository(reference).headManifest('v1')).rejects.toThrow(
      'SSL_CERT_FILE names /absent, which cannot be read',
    );
  });

  it('send to another place, and to no other when told so', async () => {
    await using registry = await startRegistry();
    await using client = createRegistryClient();
    await makeImage(client.repository(parseReference(`${registry.host}/app`)), { layers: [{ a: 'a' }], tag: 'v1' });
    const registryMap = [`other.invalid=elsewhere.invalid;quay.invalid=${registry.host}`];
    expect(await ask('quay.invalid/app:v1', { registryMap })).toMatchObject({ size: expect.any(Number) });
    await expect(ask('quay.invalid/app:v2', { registryMap })).rejects.toThrow('quay.invalid');
    expect(await ask('quay.invalid/app:v2', { registryMap, skipDefaultRegistryFallback: true })).toBeUndefined();
  });
});
