import { type HistoryEntry, type Image, type Layer, MediaType, sha256 } from '@shale/core';
import { expect, it } from 'vitest';
import { assembleImage } from './assemble.ts';
import type { GraphNode, HistoryLine, PlannedStage, StepNode } from '../graph/build-graph.ts';
import { initialState } from '../graph/stage-state.ts';
import type { StepResult } from '../graph/step-result.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const blobs = { stat: async () => undefined, async *read() {} };
const layerOf = (name: string): Layer => ({
  descriptor: { mediaType: MediaType.ociLayerGzip, digest: sha256(`blob ${name}`), size: 1 },
  diffId: sha256(name),
});
const made = { created: new Date('2026-01-02T03:04:05Z'), stacked: { layer: layerOf('new'), blobs } };

/** An image with metadata around one new layer, on a base with these layers and this history. */
function assemble(layers: readonly string[], history: readonly HistoryEntry[] | undefined) {
  const base = {
    config: { ...platform, created: '2020-01-01T00:00:00Z', config: {}, history },
    layers: layers.map(layerOf),
    blobs,
    origin: { source: 'test', name: 'test' },
  } as unknown as Image;
  const node = { kind: 'base', image: base, platform } as GraphNode;
  const step = { kind: 'step', parent: node } as StepNode;
  const lines: HistoryLine[] = [
    { createdBy: 'ENV a=b', node: undefined },
    { createdBy: 'RUN x', node: step },
    { createdBy: 'CMD y', node: undefined },
  ];
  const stage = {
    base: node,
    tip: step,
    state: initialState(base.config, platform),
    history: lines,
  } as unknown as PlannedStage;
  const resultOf = () => made as unknown as StepResult;
  return assembleImage(stage, { labels: {}, sourceDateEpoch: undefined, mediaTypes: 'oci', resultOf }).image.config;
}

const countLayers = (history: readonly HistoryEntry[] = []) =>
  history.filter((entry) => entry.empty_layer !== true).length;

it('assembleImage() dates what comes before the first new layer as that', () => {
  const { history = [] } = assemble(['a'], [{ created: '2019-01-01T00:00:00Z', created_by: 'base' }]);
  expect(history.map(({ created }) => created)).toEqual([
    '2019-01-01T00:00:00Z',
    ...Array(3).fill('2026-01-02T03:04:05Z'),
  ]);
});

it.each([
  ['no history', ['a', 'b'], undefined],
  ['too short a history', ['a', 'b'], [{ created_by: 'a' }, { created_by: 'ENV', empty_layer: true }]],
  ['too long a history', ['a'], [{ created_by: 'a' }, { created_by: 'b' }]],
])('assembleImage() counts as many history entries as layers on a base with %s', (_name, layers, history) => {
  const config = assemble(layers, history);
  expect(countLayers(config.history)).toBe(config.rootfs.diff_ids.length);
  expect(config.history?.at(-2)?.created_by).toBe('RUN x');
});
