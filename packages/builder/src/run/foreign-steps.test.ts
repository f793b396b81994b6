import { sha256 } from '@shale/core';
import type { Image } from '@shale/core';
import { hostPlatform } from '@shale/core';
import { expect, it } from 'vitest';
import type { BaseNode, GraphNode, PlannedStage, StepNode } from '../graph/build-graph.ts';
import { requireEmulators } from './foreign-steps.ts';
import type { LookedUpSteps } from '../keys/look-up.ts';
import { StepKeys } from '../keys/step-keys.ts';

const FOREIGN = { os: 'linux', architecture: 'vax' };
const source = { name: 'Dockerfile', text: 'FROM x\nRUN a\nRUN b\n' };
const foreign: BaseNode = { kind: 'base', image: undefined, platform: FOREIGN };

function step(line: number, parent: GraphNode, type = 'run'): StepNode {
  const info = {
    id: `${line}`,
    stage: 's',
    index: line,
    total: 2,
    name: `RUN ${line}`,
    place: { file: 'Dockerfile', line },
  };
  return { kind: 'step', info, parent, action: { type, mounts: [] }, platform: FOREIGN } as unknown as StepNode;
}

function check(tip: GraphNode, hits: readonly StepNode[] = []): Promise<void> {
  const known = new Map(hits.map((hit) => [hit, {}]));
  return requireEmulators(
    [{ tip } as PlannedStage],
    {
      hits: known,
      keys: new StepKeys(hits.map((hit) => [hit, { key: sha256('key'), inputs: [] }])),
      unsettled: new Set(),
    } as unknown as LookedUpSteps,
    source,
  );
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
  await check(step(2, foreign, 'workdir'));
  const image = { config: hostPlatform() } as unknown as Image;
  await check(step(2, { kind: 'base', image, platform: FOREIGN }));
});
