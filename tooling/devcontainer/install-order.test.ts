import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { openLayout } from '@shale/registry';
import { expect, it } from 'vitest';
import { featureGraphs, GOLDEN_GRAPHS, placeGraph } from './feature-graph.ts';
import { type InstallOrder, ownInstallOrder, portableOrder } from './install-order.ts';

const goldens = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'install-orders.json'), 'utf8'),
) as (InstallOrder | null)[];

it(`installs the features of ${GOLDEN_GRAPHS.count} graphs in the order of the official CLI`, async () => {
  await using scratch = await openScratchDirectory();
  const host = 'localhost:5000';
  const storeOf = (repository: string) => openLayout(join(scratch.path, 'stores', repository));
  const source = {
    repository: ({ repository }: ReturnType<typeof parseReference>) => storeOf(repository),
    download: () => {
      throw new Error('No graph has tarballs');
    },
  };
  const { count, seed } = GOLDEN_GRAPHS;
  const orders: (InstallOrder | null)[] = [];
  for (const [index, graph] of featureGraphs(count, seed, host).entries()) {
    const workspaceFolder = join(scratch.path, `g${index}`);
    await placeGraph(graph, { repository: storeOf, index, workspaceFolder });
    orders.push(portableOrder(await ownInstallOrder(source, workspaceFolder)) ?? null);
  }
  expect(orders).toEqual(goldens);
});
