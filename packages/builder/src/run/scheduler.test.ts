import type { CacheEntry } from '@shale/cache';
import type { Digest, Layer } from '@shale/core';
import { BlobMissingError, MediaType, sha256 } from '@shale/core';
import { expect, it } from 'vitest';
import type { GraphNode, StepNode } from '../graph/build-graph.ts';
import { copyAction, makeStep, runAction, workdirAction } from '../graph/graph-fixture.ts';
import type { SchedulerOptions } from './scheduler.ts';
import { Scheduler } from './scheduler.ts';
import { type PackingStack, isPacking, type PackingLayer } from '../graph/layer-stack.ts';
import { type StepKey, StepKeys } from '../keys/step-keys.ts';
import type { StepResult } from '../graph/step-result.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const scratch: GraphNode = { kind: 'base', image: undefined, platform };
const blobs = { stat: async () => undefined, async *read() {} };

const layerOf = (name: string): Layer => ({
  descriptor: { mediaType: MediaType.ociLayerGzip, digest: sha256(`blob ${name}`), size: 1 },
  diffId: sha256(name),
});

function step(name: string, parent: GraphNode, from?: StepNode): StepNode {
  const action = from === undefined ? workdirAction(`/${name}`) : copyAction({ type: 'node', node: from });
  return makeStep(name, { parent, action });
}

const hitOf = (name: string): CacheEntry => ({
  layer: layerOf(name),
  blobs,
  record: { created: new Date(0), history: {}, durationMs: 5, builder: 'b', inputs: [] },
});

const ranResult = (layer: Layer): StepResult => ({
  key: layer.diffId,
  layer,
  stacked: { layer, blobs },
  created: new Date(0),
  builder: 'here',
  outcome: 'ran',
  origin: undefined,
  durationMs: 1,
  savedMs: undefined,
});

interface Doubts {
  readonly bypassed: readonly StepNode[];
  readonly unsettled: readonly StepNode[];
}

function open(
  steps: readonly StepNode[],
  hits: readonly StepNode[],
  execute?: SchedulerOptions['execute'],
  { bypassed, unsettled }: Doubts = { bypassed: [], unsettled: [] },
) {
  const ran: string[] = [];
  const prefetched: Digest[][] = [];
  const key = (node: StepNode): StepKey => ({ key: sha256(node.info.id), inputs: [] });
  const scheduler = new Scheduler({
    keys: new StepKeys(steps.map((node) => [node, key(node)])),
    hits: new Map(hits.map((node) => [node, hitOf(node.info.id)])),
    bypassed: new Set(bypassed.map((node) => key(node).key)),
    unsettled: new Set(unsettled.map((node) => key(node).key)),
    cacheName: 'test',
    concurrency: 2,
    prefetch: async (stack) => void prefetched.push(diffIds(stack)),
    onProgress: () => {},
    signal: new AbortController().signal,
    execute: async (node, stacks, wish) => {
      ran.push(node.info.id);
      return execute?.(node, stacks, wish) ?? ranResult(layerOf(`${node.info.id} again`));
    },
  });
  return { scheduler, ran, prefetched };
}

const diffIds = (stack: PackingStack): Digest[] =>
  stack.map((layer) => (isPacking(layer) ? sha256('packing') : layer.layer.diffId));

it('Scheduler runs nothing for a chain that hit, and nothing below a hit that is not in the chain', async () => {
  const other = step('other', scratch);
  const first = step('first', scratch);
  const second = step('second', first, other);
  const { scheduler, ran } = open([other, first, second], [first, second]);
  expect(diffIds(await scheduler.stackOf(second))).toEqual([sha256('first'), sha256('second')]);
  expect(ran).toEqual([]);
});

it('Scheduler runs a missing step in the middle, and keeps what hit above it', async () => {
  const a = step('a', scratch);
  const middle = step('middle', a);
  const top = step('top', middle);
  const { scheduler, ran } = open([a, middle, top], [a, top]);
  expect(diffIds(await scheduler.stackOf(top))).toEqual([sha256('a'), sha256('middle again'), sha256('top')]);
  expect(ran).toEqual(['middle']);
});

it('Scheduler runs each step once, whoever asks', async () => {
  const shared = step('shared', scratch);
  const left = step('left', shared);
  const right = step('right', scratch, shared);
  const { scheduler, ran } = open([shared, left, right], []);
  await Promise.all([scheduler.stackOf(left), scheduler.stackOf(right)]);
  expect(ran.toSorted()).toEqual(['left', 'right', 'shared']);
});

it('Scheduler runs what stands on a bypassed step, and no copy of it that came to the same', async () => {
  const bypassed = step('bypassed', scratch);
  const above = step('above', bypassed);
  const same = step('same', scratch, bypassed);
  const onSame = step('onSame', same);
  const changed = step('changed', onSame, above);
  const top = step('top', changed);
  const unsettled = [above, same, onSame, changed, top];
  const wishes = new Map<string, object>();
  const { scheduler, ran } = open(
    [bypassed, ...unsettled],
    unsettled,
    async (node, _stacks, wish) => {
      wishes.set(node.info.id, wish);
      return ranResult(layerOf(node === same ? 'same' : `${node.info.id} again`));
    },
    { bypassed: [bypassed], unsettled },
  );
  expect(diffIds(await scheduler.stackOf(top))).toEqual(
    ['same', 'onSame', 'changed again', 'top again'].map((name) => sha256(name)),
  );
  expect(ran.toSorted()).toEqual(['above', 'bypassed', 'changed', 'same', 'top']);
  expect(wishes.get('bypassed')).toMatchObject({ isBypassed: true });
  expect(wishes.get('same')).toMatchObject({ isBypassed: false, isParentNew: false, isSourceNew: true });
  expect(wishes.get('top')).toMatchObject({ isParentNew: true, isSourceNew: false });
});

it('rewinding() runs a step again whose layer somebody removed after it was made', async () => {
  const made = step('made', scratch);
  const reader = step('reader', made);
  let attempts = 0;
  const { scheduler, ran } = open([made, reader], [], async (node) => {
    if (node === reader && attempts++ === 0) throw new BlobMissingError(sha256('blob made'), 'the cache');
    return ranResult(layerOf(node.info.id));
  });
  expect(diffIds(await scheduler.stackOf(reader))).toEqual([sha256('made'), sha256('reader')]);
  expect(ran).toEqual(['made', 'reader', 'made', 'reader']);
});

it('rewinding() runs a step again whose cached layer has vanished', async () => {
  const lost = step('lost', scratch);
  const reader = step('reader', lost);
  let attempts = 0;
  const { scheduler, ran } = open([lost, reader], [lost], async (node) => {
    if (node === reader && attempts++ === 0) throw new BlobMissingError(sha256('blob lost'), 'the cache');
    return ranResult(layerOf(`${node.info.id} again`));
  });
  expect(diffIds(await scheduler.stackOf(reader))).toEqual([sha256('lost again'), sha256('reader again')]);
  expect(ran).toEqual(['reader', 'lost', 'reader']);
});

it('rewinding() tries again for everybody who missed the same layer at once, and once for a layer that no step made', async () => {
  const lost = step('lost', scratch);
  const readers = ['one', 'two', 'three'].map((name) => step(name, lost));
  const failed = new Set<StepNode>();
  const { scheduler, ran } = open([lost, ...readers], [lost], async (node) => {
    if (node !== lost && !failed.has(node)) {
      failed.add(node);
      throw new BlobMissingError(sha256('blob lost'), 'the cache');
    }
    return ranResult(layerOf(`${node.info.id} again`));
  });
  await Promise.all(readers.map((reader) => scheduler.stackOf(reader)));
  expect(ran.filter((name) => name === 'lost')).toEqual(['lost']);
  let attempts = 0;
  const missing = () => {
    attempts += 1;
    return Promise.reject(new BlobMissingError(sha256('of a base image'), 'a directory'));
  };
  await expect(scheduler.rewinding(missing)).rejects.toBeInstanceOf(BlobMissingError);
  expect(attempts).toBe(2);
});

it('rewinding() runs a step again whose second hit, by content, has vanished', async () => {
  const copy = step('copy', scratch);
  const reader = step('reader', copy);
  const wishes: boolean[] = [];
  let isLost = true;
  const { scheduler } = open([copy, reader], [], async (node, _, { again }) => {
    if (node === reader && isLost) {
      isLost = false;
      throw new BlobMissingError(sha256('blob copy'), 'the cache');
    }
    if (node === copy) wishes.push(again);
    const made = layerOf(again ? `${node.info.id} again` : node.info.id);
    return node === copy && !again ? { ...ranResult(made), outcome: 'cached' } : ranResult(made);
  });
  expect(diffIds(await scheduler.stackOf(reader))[0]).toBe(sha256('copy again'));
  expect(wishes).toEqual([false, true]);
});

it('Scheduler has the layers below a RUN fetched while a COPY between them waits for another stage', async () => {
  const other = step('other', scratch);
  const hit = step('hit', scratch);
  const copy = step('copy', hit, other);
  const run = makeStep('run', { parent: copy, action: runAction() });
  const waiting = open([other, hit, copy, run], [hit]);
  await waiting.scheduler.stackOf(run);
  expect(waiting.prefetched).toEqual([[sha256('hit')]]);
  // a COPY may hit by its content, and then needs nothing below
  const last = open([other, hit, copy], [hit]);
  await last.scheduler.stackOf(copy);
  expect(last.prefetched).toEqual([]);
  // nothing to wait for: the step itself fetches at once
  const ready = open([other, hit, copy, run], [hit, other]);
  await ready.scheduler.stackOf(run);
  expect(ready.prefetched).toEqual([]);
});

/** A step that can be built upon before its layer is there. */
function packingStep() {
  const { promise: packed, resolve, reject } = Promise.withResolvers<StepResult>();
  const layer: PackingLayer = { packed: packed.then(({ stacked }) => stacked) };
  layer.packed.catch(() => undefined);
  return { layer, packed, resolve, reject };
}

it('Scheduler starts a step while what is below it is packed', async () => {
  const below = step('below', scratch);
  const above = step('above', below);
  const packing = packingStep();
  const { scheduler } = open([below, above], [], async (node, stacks, { onPacking }) => {
    if (node === below) {
      onPacking(packing.layer);
      return packing.packed;
    }
    expect(diffIds(stacks.get(below) ?? [])).toEqual([sha256('packing')]);
    packing.resolve(ranResult(layerOf('below')));
    return ranResult(layerOf('above'));
  });
  expect(diffIds(await scheduler.stackOf(above))).toEqual([sha256('below'), sha256('above')]);
});

it('Scheduler waits for the layer below where it decides whether a step runs', async () => {
  const below = step('below', scratch);
  const above = step('above', below);
  const packing = packingStep();
  const execute: SchedulerOptions['execute'] = async (_node, _stacks, { onPacking }) => {
    onPacking(packing.layer);
    setImmediate(() => packing.resolve(ranResult(layerOf('new'))));
    return packing.packed;
  };
  const { scheduler, ran } = open([below, above], [below, above], execute, { bypassed: [], unsettled: [below, above] });
  expect(diffIds(await scheduler.stackOf(above))).toEqual([sha256('below'), sha256('above')]);
  const doubted = open([below, above], [above], execute, { bypassed: [below], unsettled: [above] });
  await doubted.scheduler.stackOf(above);
  expect([ran, doubted.ran]).toEqual([[], ['below', 'above']]);
});

it('Scheduler repeats no step that another one was built upon, and settles when all have ended', async () => {
  const below = step('below', scratch);
  const above = step('above', below);
  const packing = packingStep();
  const { scheduler, ran } = open([below, above], [], async (node, _stacks, { onPacking }) => {
    if (node === above) throw new Error('failed');
    onPacking(packing.layer);
    return packing.packed;
  });
  await expect(scheduler.resultOf(above)).rejects.toThrow('failed');
  let isSettled = false;
  const settled = scheduler.settled().then(() => (isSettled = true));
  await new Promise(setImmediate);
  expect(isSettled).toBe(false);
  packing.reject(new BlobMissingError(sha256('blob of a base'), 'a directory'));
  await settled;
  await expect(scheduler.resultOf(below)).rejects.toBeInstanceOf(BlobMissingError);
  expect(ran).toEqual(['below', 'above']);
});
