import { join } from 'node:path';
import { parseReference, type Reference } from '@shale/core';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { createRegistryClient, type RegistryClient } from '@shale/registry';
import { startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FeatureGraph, featureGraphs, GOLDEN_GRAPHS, placeGraph } from '../devcontainer/feature-graph.ts';
import { expectGolden } from '../devcontainer/golden.ts';
import {
  type InstallOrder,
  officialInstallOrder,
  ownInstallOrder,
  portableOrder,
} from '../devcontainer/install-order.ts';
import { type OfficialCli, openOfficialCli } from '../devcontainer/official-cli.ts';

/** The same graphs come again with `SHALE_SEED=…`. */
const seed = Number(process.env['SHALE_SEED'] ?? Date.now() % 2 ** 31);
const COUNT = Number(process.env['SHALE_COUNT'] ?? 1000);

let scratch: ScratchDirectory;
let registry: TestRegistry;
let client: RegistryClient;
let cli: OfficialCli;
/** The official CLI speaks plain HTTP to this name only. */
let host: string;
beforeAll(async () => {
  scratch = await openScratchDirectory();
  registry = await startRegistry();
  host = registry.host.replace('127.0.0.1', 'localhost');
  client = createRegistryClient();
  cli = await openOfficialCli();
});
afterAll(async () => {
  for (const opened of [client, cli, registry, scratch]) await opened[Symbol.asyncDispose]();
});

interface Orders {
  readonly official: InstallOrder;
  readonly own: InstallOrder;
}

async function* ordersOf(
  graphs: readonly FeatureGraph[],
  name: string,
): AsyncGenerator<Orders & { graph: FeatureGraph }> {
  const source = {
    repository: (reference: Reference) => client.repository(reference),
    download: () => {
      throw new Error('No graph has tarballs');
    },
  };
  for (const [index, graph] of graphs.entries()) {
    const workspaceFolder = join(scratch.path, name, `g${index}`);
    const repository = (path: string) => client.repository(parseReference(`${host}/${path}`));
    await placeGraph(graph, { repository, index, workspaceFolder });
    const official = await officialInstallOrder(cli, workspaceFolder);
    yield { graph, official, own: await ownInstallOrder(source, workspaceFolder) };
  }
}

describe('features of made-up graphs', () => {
  it(`are installed in the order of the official CLI, ${COUNT} times (SHALE_SEED=${seed})`, async () => {
    let circular = 0;
    for await (const { graph, official, own } of ordersOf(featureGraphs(COUNT, seed, host), 'random')) {
      expect([graph, own]).toEqual([graph, official]);
      if (own === undefined) circular += 1;
    }
    expect(circular).toBeLessThan(COUNT / 2);
  });

  it('have goldens that the official CLI still gives (SHALE_RECORD=1 writes them)', async () => {
    const { count, seed: goldenSeed } = GOLDEN_GRAPHS;
    const orders: (InstallOrder | null)[] = [];
    for await (const { official } of ordersOf(featureGraphs(count, goldenSeed, host), 'golden')) {
      orders.push(portableOrder(official) ?? null);
    }
    await expectGolden('install-orders.json', orders);
  });
});
