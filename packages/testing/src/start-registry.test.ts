import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { startRegistry } from './start-registry.ts';

it('startRegistry() serves the API and keeps its access log', async () => {
  await using registry = await startRegistry();
  expect((await fetch(`${registry.url}/v2/`)).status).toBe(200);
  expect((await fetch(`${registry.url}/v2/app/manifests/none`)).status).toBe(404);
  await registry.flushed();
  expect(registry.requests()).toEqual([
    { method: 'GET', path: '/v2/', status: 200 },
    { method: 'GET', path: '/v2/app/manifests/none', status: 404 },
  ]);
  registry.clearRequests();
  expect(registry.requests()).toEqual([]);
});

it('startRegistry() asks for a password when told to', async () => {
  await using registry = await startRegistry({ auth: { user: 'me', password: 'secret' } });
  expect((await fetch(`${registry.url}/v2/`)).status).toBe(401);
  const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
  expect((await fetch(`${registry.url}/v2/`, { headers: { authorization } })).status).toBe(200);
});

it('startRegistry() keeps content in a given storage directory', async () => {
  await using scratch = await openScratchDirectory();
  for (const expected of [202, 202]) {
    await using registry = await startRegistry({ storage: scratch.path });
    const response = await fetch(`${registry.url}/v2/app/blobs/uploads/`, { method: 'POST' });
    expect(response.status).toBe(expected);
  }
});
