import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseReference, type Reference, streamOf } from '@shale/core';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { findConfiguration, loadConfiguration } from '@shale/devcontainer';
import { formatLockfile, lockFeatures, lockfilePath, resolveFeatures } from '@shale/devcontainer/features';
import { createRegistryClient, type RegistryClient } from '@shale/registry';
import { makeArchive, makeCertificate, startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featureGraphs, GOLDEN_GRAPHS, placeGraph } from '../devcontainer/feature-graph.ts';
import { type OfficialCli, openOfficialCli } from '../devcontainer/official-cli.ts';

let scratch: ScratchDirectory;
let registry: TestRegistry;
let client: RegistryClient;
let cli: OfficialCli;
let tarball: { readonly url: string; readonly bytes: Uint8Array };
const server = { close: () => {} };
beforeAll(async () => {
  scratch = await openScratchDirectory();
  registry = await startRegistry();
  client = createRegistryClient();
  const certificate = makeCertificate({
    directory: scratch.path,
    name: 'localhost',
    alternativeNames: 'DNS:localhost',
  });
  cli = await openOfficialCli({ certificate: certificate.cert });
  const metadata = { id: 'tar', version: '4.5.6', installsAfter: [] };
  const bytes = gzipSync(
    await makeArchive([
      { path: './devcontainer-feature.json', content: JSON.stringify(metadata) },
      { path: './install.sh', content: 'true\n' },
    ]),
  );
  const [cert, key] = await Promise.all([readFile(certificate.cert), readFile(certificate.key)]);
  const https = createServer({ cert, key }, (_request, response) => response.end(bytes));
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  server.close = () => https.close();
  tarball = { url: `https://localhost:${(https.address() as AddressInfo).port}/devcontainer-feature-tar.tgz`, bytes };
});
afterAll(async () => {
  server.close();
  for (const opened of [client, cli, registry, scratch]) await opened[Symbol.asyncDispose]();
});

async function ownLockfile(workspaceFolder: string): Promise<string> {
  const configurationPath = await findConfiguration(workspaceFolder);
  const { configuration } = await loadConfiguration(configurationPath, { workspaceFolder, localEnv: {} });
  const source = {
    repository: (reference: Reference) => client.repository(reference),
    download: () => streamOf(tarball.bytes),
  };
  return formatLockfile(
    lockFeatures(await resolveFeatures(configuration, { configurationPath, workspaceFolder, source })),
  );
}

describe('lockfiles', () => {
  it('have the bytes that the official CLI writes', async () => {
    const host = registry.host.replace('127.0.0.1', 'localhost');
    let written = 0;
    for (const [index, graph] of featureGraphs(GOLDEN_GRAPHS.count, GOLDEN_GRAPHS.seed, host).entries()) {
      const workspaceFolder = join(scratch.path, `g${index}`);
      const repository = (path: string) => client.repository(parseReference(`${host}/${path}`));
      const features = { ...(graph.configuration['features'] as object), [tarball.url]: {} };
      const configuration = { ...graph.configuration, features };
      await placeGraph({ ...graph, configuration }, { repository, index, workspaceFolder });
      const { status } = await cli.run(['upgrade', '--workspace-folder', workspaceFolder]);
      if (status !== 0) continue; // no order
      const official = await readFile(lockfilePath(await findConfiguration(workspaceFolder)), 'utf8');
      expect(await ownLockfile(workspaceFolder)).toBe(official);
      written += 1;
    }
    expect(written).toBeGreaterThan(GOLDEN_GRAPHS.count / 2);
  });

  it('of a .devcontainer.json have a dot, as the official CLI has it', async () => {
    const workspaceFolder = join(scratch.path, 'dotted');
    await mkdir(workspaceFolder);
    await writeFile(join(workspaceFolder, '.devcontainer.json'), JSON.stringify({ features: { [tarball.url]: {} } }));
    await cli.run(['upgrade', '--workspace-folder', workspaceFolder]);
    expect(await readFile(join(workspaceFolder, '.devcontainer-lock.json'), 'utf8')).toBe(
      await ownLockfile(workspaceFolder),
    );
  });
});
