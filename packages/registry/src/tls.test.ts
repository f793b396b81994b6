import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { makeCertificate, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts';

const LOCAL = 'IP:127.0.0.1';

/** Asks the registry for a tag that is not there. */
async function ask(host: string, options: RegistryClientOptions = {}): Promise<unknown> {
  await using client = createRegistryClient({ retry: { tries: 1 }, ...options });
  return client.repository(parseReference(`${host}/app`)).getManifest('none');
}

describe('a registry with TLS', () => {
  it('is trusted through an authority that is named', async () => {
    await using scratch = await openScratchDirectory();
    const authority = makeCertificate({ directory: scratch.path, name: 'authority' });
    const options = { directory: scratch.path, name: 'server', alternativeNames: LOCAL, authority };
    await using registry = await startRegistry({ tls: makeCertificate(options) });
    await expect(ask(registry.host)).rejects.toMatchObject({
      code: 'CERTIFICATE_UNTRUSTED',
      message: expect.stringMatching(/unknown authority/),
      hint: expect.stringContaining('authority'),
    });
    expect(await ask(registry.host, { ca: [await readFile(authority.cert, 'utf8')] })).toBeUndefined();
    expect(await ask(registry.host, { insecure: [registry.host] })).toBeUndefined();
    await expect(ask(registry.host, { insecure: ['other.example'] })).rejects.toThrow(/unknown authority/);
  });

  it('says that a certificate is self-signed, or for another name', async () => {
    await using scratch = await openScratchDirectory();
    const own = makeCertificate({ directory: scratch.path, name: 'own', alternativeNames: LOCAL });
    await using registry = await startRegistry({ tls: own });
    await expect(ask(registry.host)).rejects.toThrow(/its certificate is self-signed/);

    const other = makeCertificate({ directory: scratch.path, name: 'other', alternativeNames: 'DNS:other.example' });
    await using renamed = await startRegistry({ tls: other });
    const ca = [await readFile(other.cert, 'utf8')];
    await expect(ask(renamed.host, { ca })).rejects.toThrow(/its certificate is for another host name/);
  });

  it('is shown the client certificate of its directory', async () => {
    await using scratch = await openScratchDirectory();
    const server = makeCertificate({ directory: scratch.path, name: 'server', alternativeNames: LOCAL });
    const me = makeCertificate({ directory: scratch.path, name: 'me' });
    await using registry = await startRegistry({ tls: { ...server, clientCa: me.cert } });
    const own = join(scratch.path, 'certs.d', registry.host);
    await mkdir(own, { recursive: true });
    await copyFile(server.cert, join(own, 'ca.crt'));
    const certificateDirectories = [join(scratch.path, 'none'), join(scratch.path, 'certs.d')];
    await expect(ask(registry.host, { certificateDirectories })).rejects.toMatchObject({
      hint: expect.stringContaining('client certificate'),
    });
    await copyFile(me.cert, join(own, 'client.cert'));
    await copyFile(me.key, join(own, 'client.key'));
    expect(await ask(registry.host, { certificateDirectories })).toBeUndefined();
  });
});

describe('a registry without TLS', () => {
  it('is not spoken to where https is expected', async () => {
    await using registry = await startRegistry();
    const port = registry.host.split(':')[1];
    // A name of this machine that is not a loopback host by its spelling.
    const host = `127.1:${port}`;
    await expect(ask(host)).rejects.toMatchObject({
      code: 'REGISTRY_PLAIN_HTTP',
      message: expect.stringContaining('it speaks plain http'),
      hint: expect.stringContaining('plain http'),
    });
    expect(await ask(host, { insecure: [host] })).toBeUndefined();
  });
});

describe('a proxy', () => {
  it('carries what is not for a loopback host', async () => {
    await using registry = await startRegistry();
    const urls: (string | undefined)[] = [];
    const server = createProxy((incoming, outgoing) => {
      urls.push(incoming.url);
      outgoing.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = { http: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const mirrors = { 'far.invalid': ['http://near.invalid'] };
    expect(await ask('far.invalid', { mirrors, mirrorFallback: false, proxy })).toBeUndefined();
    expect(urls).toEqual(['http://near.invalid/v2/', 'http://near.invalid/v2/app/manifests/none?ns=far.invalid']);
    expect(await ask(registry.host, { proxy })).toBeUndefined();
    expect(urls).toHaveLength(2);
    server.closeAllConnections();
    server.close();
  });
});

describe('something that is no registry', () => {
  it.each([
    ['says nothing', ''],
    ['speaks something else', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ])('that %s is given up', async (_, greeting) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (greeting !== '') socket.end(greeting);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const failure = ask(`127.0.0.1:${port}`, { idleTimeoutMs: 200, connectTimeoutMs: 200 });
    await expect(failure).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    server.close();
  });
});
