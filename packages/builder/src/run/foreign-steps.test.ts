import type { CacheEntry } from '@shale/cache';
import { hostPlatform, imageOfConfig, MediaType, sha256 } from '@shale/core';
import { expect, it } from 'vitest';
import type { BaseNode, GraphNode, PlannedStage, StepAction, StepNode } from '../graph/build-graph.ts';
import { chainOf } from '../graph/build-graph.ts';
import { makeStep, runAction, workdirAction } from '../graph/graph-fixture.ts';
import { initialState } from '../graph/stage-state.ts';
import { contextReads } from '../keys/context-reads.ts';
import { requireEmulators } from './foreign-steps.ts';
import type { LookedUpSteps } from '../keys/look-up.ts';
import { StepKeys } from '../keys/step-keys.ts';

const FOREIGN = { os: 'linux', architecture: 'vax' };
const source = { name: 'Dockerfile', text: 'FROM x\nRUN a\nRUN b\n' };
const layer = {
  descriptor: { mediaType: MediaType.ociLayerGzip, digest: sha256('blob'), size: 1 },
  diffId: sha256(''),
};
const HIT: CacheEntry = {
  layer,
  blobs: { stat: async () => undefined, async *read() {} },
  record: { created: new Date(0), history: {}, durationMs: 1, builder: 'b', inputs: [] },
};
const foreign: BaseNode = { kind: 'base', image: undefined, platform: FOREIGN };

const step = (line: number, parent: GraphNode, action: StepAction = runAction()): StepNode =>
  makeStep(`RUN ${line}`, { parent, action, platform: FOREIGN, line });

function check(tip: GraphNode, hits: readonly StepNode[] = []): Promise<void> {
  const stage: PlannedStage = { name: 's', base: foreign, tip, state: initialState(undefined, FOREIGN), history: [] };
  const lookedUp: LookedUpSteps = {
    steps: chainOf(tip),
    hits: new Map(hits.map((hit) => [hit, HIT])),
    keys: new StepKeys(hits.map((hit) => [hit, { key: sha256('key'), inputs: [] }])),
    reads: contextReads(new Map()),
    bypassed: new Set(),
    unsettled: new Set(),
  };
  return requireEmulators([stage], lookedUp, source);
}

it('requireEmulators() refuses the first RUN that would have to run, with its lines', async () => {
  const first = step(2, foreign);
  const second = step(3, first);
  await expect(check(second)).rejects.toMatchObject({
    code: 'EXECUTOR_UNAVAILABLE',
    message: 'RUN for linux/vax cannot be executed here: no emulator for vax is known',
    place: { line: 2 },
    excerpt: expect.stringContaining('>>> RUN a'),
  });
  await expect(check(second, [first])).rejects.toMatchObject({ place: { line: 3 } });
});

it('requireEmulators() needs none for what is cached, for other steps, and for an image of this machine', async () => {
  const first = step(2, foreign);
  const second = step(3, first);
  await check(second, [first, second]);
  await check(step(2, foreign, workdirAction('/')));
  const config = { ...hostPlatform(), config: {}, rootfs: { type: 'layers', diff_ids: [] }, history: [] } as const;
  const image = imageOfConfig(config, { origin: { source: 'test', name: 'test' } });
  await check(step(2, { kind: 'base', image, platform: FOREIGN }));
});
