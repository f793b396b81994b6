import * as fc from 'fast-check';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageStore } from '@shale/core';
import { publishFeature } from '@shale/testing';

type Json = Readonly<Record<string, unknown>>;

interface GraphFeature {
  /** `namespace/id` in the registry, or `./id`. */
  readonly path: string;
  readonly metadata: Json;
}

/** Features that depend on each other in whatever way, and a configuration that uses some of them. */
export interface FeatureGraph {
  readonly features: readonly GraphFeature[];
  readonly configuration: Json;
}

/** Those whose official orders are kept as goldens. */
export const GOLDEN_GRAPHS = { count: 50, seed: 12 } as const;

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const NAMESPACES = ['x', 'y'];
const LOCALS = ['./one', './two'];

const optionsOf = fc.constantFrom<unknown>(
  {},
  {},
  { version: '1' },
  { version: '2' },
  { flag: true },
  { flag: false },
  { flag: true, version: '1' },
  'latest',
  true,
);

/**
 * Made-up graphs, the same ones for the same seed.
 * @param registry As in `localhost:5000`.
 */
export function featureGraphs(count: number, seed: number, registry: string): readonly FeatureGraph[] {
  const home = (graph: number) => `${registry}/g${graph}`;
  return fc
    .sample(graph(), { numRuns: count, seed })
    .map((made, index) => JSON.parse(JSON.stringify(made).replaceAll('@HOME', home(index))) as FeatureGraph);
}

function graph(): fc.Arbitrary<FeatureGraph> {
  return fc
    .record({
      published: fc.uniqueArray(
        fc.record({
          id: fc.constantFrom(...IDS),
          namespace: fc.constantFrom(...NAMESPACES),
          versions: fc.constantFrom(['1.0.0'], ['1.0.0'], ['1.0.0', '2.1.0']),
        }),
        { minLength: 3, maxLength: 8, selector: ({ id, namespace }) => `${namespace}/${id}` },
      ),
      locals: fc.subarray(LOCALS),
    })
    .chain(({ published, locals }) => {
      const names = [
        ...published.flatMap(({ id, namespace, versions }) =>
          ['', ':1', ...versions.slice(1).map(() => ':2')].map((tag) => `@HOME/${namespace}/${id}${tag}`),
        ),
        ...locals,
      ];
      const nodes = [
        ...published.flatMap(({ id, namespace, versions }) =>
          versions.map((version) => ({ path: `${namespace}/${id}`, id, version })),
        ),
        ...locals.map((path) => ({ path, id: path.slice(2), version: '1.0.0' })),
      ];
      return fc.record({
        features: fc.tuple(...nodes.map((node) => graphFeature(node, names))),
        configuration: configuration(names),
      });
    });
}

function graphFeature(
  { path, id, version }: { path: string; id: string; version: string },
  names: readonly string[],
): fc.Arbitrary<GraphFeature> {
  // mostly towards what comes later, so that most graphs have an order
  const own = names.findIndex((name) => (name.startsWith('.') ? name === path : name.includes(`/${path}`)));
  const later = fc.oneof(
    { weight: 9, arbitrary: fc.constant(names.slice(own + 3)) },
    { weight: 1, arbitrary: fc.constant(names) },
  );
  const some = later.chain((candidates) =>
    fc.shuffledSubarray([...candidates], { maxLength: Math.min(3, candidates.length) }),
  );
  return fc
    .record({
      dependsOn: fc.option(
        some.chain((names) => fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), optionsOf)))),
        { freq: 1 },
      ),
      installsAfter: fc.option(some, { freq: 2 }),
      legacyIds: fc.option(fc.subarray(['old', ...IDS], { maxLength: 2 }), { freq: 1 }),
    })
    .map(({ dependsOn, installsAfter, legacyIds }) => ({
      path,
      metadata: {
        id,
        version,
        options: { version: { type: 'string', default: '0' }, flag: { type: 'boolean', default: false } },
        ...(dependsOn && { dependsOn: Object.fromEntries(dependsOn) }),
        ...(installsAfter && { installsAfter }),
        ...(legacyIds && { legacyIds }),
      },
    }));
}

function configuration(names: readonly string[]): fc.Arbitrary<Json> {
  const used = fc.shuffledSubarray([...names], { minLength: 2, maxLength: Math.min(6, names.length) });
  return fc
    .record({
      features: used.chain((chosen) => fc.tuple(...chosen.map((name) => fc.tuple(fc.constant(name), optionsOf)))),
      override: fc.option(fc.shuffledSubarray([...names], { maxLength: 3 }), { freq: 1 }),
    })
    .map(({ features, override }) => ({
      image: 'debian',
      features: Object.fromEntries(features),
      ...(override && { overrideFeatureInstallOrder: override }),
    }));
}

export interface PlaceGraphOptions {
  /** The repository of a path, such as `g0/x/a`. */
  readonly repository: (path: string) => ImageStore;
  readonly index: number;
  readonly workspaceFolder: string;
}

/** Publishes the features of a graph and writes its configuration. */
export async function placeGraph(graph: FeatureGraph, options: PlaceGraphOptions): Promise<void> {
  const home = join(options.workspaceFolder, '.devcontainer');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'devcontainer.json'), JSON.stringify(graph.configuration, null, 2));
  const byPath = Object.values(Object.groupBy(graph.features, ({ path }) => path)) as GraphFeature[][];
  await Promise.all(
    byPath.map(async (versions) => {
      for (const feature of versions) await placeFeature(feature, home, options);
    }),
  );
}

async function placeFeature({ path, metadata }: GraphFeature, home: string, options: PlaceGraphOptions): Promise<void> {
  if (!path.startsWith('./')) {
    await publishFeature(options.repository(`g${options.index}/${path}`), { metadata });
    return;
  }
  await mkdir(join(home, path));
  await writeFile(join(home, path, 'devcontainer-feature.json'), JSON.stringify(metadata));
  await writeFile(join(home, path, 'install.sh'), 'true\n');
}
