import { hostname } from 'node:os';
import type { CacheBackend, CacheEntry, CacheKey } from '@shale/cache';
import type { CallOptions, Layer, LocalBlobStore } from '@shale/core';
import type { GraphNode, StepNode } from '../graph/build-graph.ts';
import { isSerial } from '../executors/executor.ts';
import type { Isolation } from '../isolation/choose.ts';
import type { BuildSession } from '../steps/build-session.ts';
import type { ContextReads } from '../keys/context-reads.ts';
import { digestSources } from '../keys/digest-sources.ts';
import type { ExecutionWish } from './scheduler.ts';
import type { InputStacks, PackingStack } from '../graph/layer-stack.ts';
import { cachedResult } from '../keys/cached-step.ts';
import type { LayerCompression, TreeView } from '../snapshotters/snapshotter.ts';
import type { LayerOptions, StepKey, StepKeys } from '../keys/step-keys.ts';
import { baseKey, contentKey, isLinked } from '../keys/step-keys.ts';
import type { StepResult } from '../graph/step-result.ts';
import { copyStep } from '../steps/copy-step.ts';
import { runStep } from '../steps/run-step.ts';
import type { StepOptions } from '../steps/step-options.ts';
import type { StepContext } from '../steps/step-context.ts';
import { workdirStep } from '../steps/workdir-step.ts';

/** Level 1: twice as fast as the usual 6, for layers a twentieth larger. */
const DEFAULT_COMPRESSION = { algorithm: 'gzip', level: 1 } as const;

export interface ExecutionOptions extends StepOptions, LayerOptions, CallOptions {
  /** Called when a step must run; a fully cached build never calls it. */
  readonly isolation: () => Promise<Isolation>;
  readonly cache: CacheBackend;
  /** Stores new layers until they are exported. */
  readonly store: LocalBlobStore;
  /** @default gzip, level 1 */
  readonly compression?: LayerCompression | undefined;
  /** Recorded with each cache entry as its origin. @default the host name */
  readonly builder?: string | undefined;
}

export interface StepExecutorOptions {
  readonly build: ExecutionOptions;
  readonly keys: StepKeys;
  readonly reads: ContextReads;
  readonly session: BuildSession;
  readonly signal: AbortSignal;
}

/** Runs the steps that missed, and stores their layers in the cache. */
export function stepExecutor({ build, keys, reads, session, signal }: StepExecutorOptions) {
  return async (
    step: StepNode,
    stacks: InputStacks,
    { again: isLost, isBypassed, isParentNew, isSourceNew, onPacking }: ExecutionWish,
  ): Promise<StepResult> => {
    const started = performance.now();
    const key = keys.of(step);
    const replace = isBypassed || isParentNew || isSourceNew;
    const again = await lookupByContent(step, stacks, isLost || isBypassed || isParentNew);
    if (again?.hit !== undefined) {
      await build.cache.store(key.key, again.hit, { signal, replace });
      return cachedResult(key, again.hit, build.cache.name);
    }
    const { layer, finished } = await makeLayer(step, stacks, onPacking);
    const durationMs = Math.round(finished - started);
    const entry = cacheEntry(step, layer, key, durationMs);
    for (const { key: name } of [key, ...(again === undefined ? [] : [again.key])])
      await build.cache.store(name, entry, { signal: build.signal, replace });
    return {
      key: key.key,
      layer,
      stacked: { layer, blobs: build.store },
      created: entry.record.created,
      builder: entry.record.builder,
      outcome: 'ran',
      origin: undefined,
      durationMs,
      savedMs: undefined,
    };
  };

  /** Looks a COPY from another stage up by the content of its files, because a rebuilt stage can produce the same files. */
  async function lookupByContent(
    step: StepNode,
    stacks: InputStacks,
    isMiss: boolean,
  ): Promise<{ key: StepKey; hit: CacheEntry | undefined } | undefined> {
    const { action } = step;
    if (action.type !== 'copy' || action.from.type !== 'node' || action.from.node.kind !== 'step') return undefined;
    await using source = await view(action.from.node, stacks);
    const content = digestSources(source.path, action);
    const key = contentKey(step, content, { ...build, parentKey: parentKey(step.parent) });
    return { key, hit: isMiss ? undefined : await build.cache.lookup(key.key, { signal }) };
  }

  function parentKey(node: GraphNode): CacheKey | string {
    return node.kind === 'base' ? baseKey(node) : keys.of(node).key;
  }

  async function makeLayer(
    step: StepNode,
    stacks: InputStacks,
    onPacking: ExecutionWish['onPacking'],
  ): Promise<{ readonly layer: Layer; readonly finished: number }> {
    const isolation = await build.isolation();
    const { executor } = isolation;
    using _ = executor !== undefined && isSerial(executor) ? await executor.takeTurn({ signal }) : undefined;
    const { action } = step;
    // the layer of a linked copy does not depend on the layers below it
    const parent = action.type === 'copy' && isLinked(action) ? [] : (stacks.get(step.parent) as PackingStack);
    await using tree = await isolation.snapshotter.prepare(parent, { onProgress: build.onProgress, signal });
    await performStep({
      step,
      options: build,
      session,
      isolation,
      tree: tree.path,
      onRelinked: tree.relinked,
      signal,
      view: (node) => view(node, stacks),
    });
    reads.verify(step);
    const layer = await tree.commit({
      store: build.store,
      compression: build.compression ?? DEFAULT_COMPRESSION,
      sourceDateEpoch: build.sourceDateEpoch,
      onPacking,
      signal: build.signal, // not aborted when another step fails: the finished step is kept
    });
    return { layer, finished: performance.now() }; // excludes the disposal of the tree, which can wait for the layers below
  }

  async function view(node: GraphNode, stacks: InputStacks): Promise<TreeView> {
    const { snapshotter } = await build.isolation();
    return snapshotter.view(stacks.get(node) as PackingStack, { onProgress: build.onProgress, signal });
  }

  function cacheEntry(step: StepNode, layer: Layer, { inputs }: StepKey, durationMs: number): CacheEntry {
    const created = new Date(); // the real time, also under SOURCE_DATE_EPOCH: the age of the entry is counted from it
    return {
      layer,
      blobs: build.store,
      record: {
        created,
        history: { created: created.toISOString(), created_by: step.createdBy },
        durationMs,
        builder: build.builder ?? hostname(),
        inputs,
        step: { stage: step.info.stage, index: step.info.index },
      },
    };
  }
}

async function performStep(context: StepContext): Promise<void> {
  const { action } = context.step;
  switch (action.type) {
    case 'run':
      return runStep(action, context);
    case 'copy':
      return copyStep(action, context);
    case 'workdir':
      return workdirStep(action, context);
  }
}
