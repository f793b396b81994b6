import type { CacheInput, CacheKey, KeyInput, KeyValue } from '@shale/cache';
import { cacheKey } from '@shale/cache';
import type { Digest } from '@shale/core';
import { chainIds, formatPlatform } from '@shale/core';
import type { Mount } from '@shale/dockerfile-parser';
import type { CopyAction, GraphNode, RunAction, RunMount, StepNode, TreeSource } from '../graph/build-graph.ts';
import { splitEnv } from '../graph/stage-state.ts';

export interface StepKey {
  readonly key: CacheKey;
  /** Hashed and named, for a later explanation. */
  readonly inputs: readonly CacheInput[];
}

/** What a step reads from a tree: a digest of the content, and its parts by name. */
export interface ContentDigest {
  readonly digest: Digest;
  readonly files: readonly { readonly name: string; readonly hash: string }[];
}

/** Digests of what steps read from the build contexts; asked once a step, before any layer is touched. */
export type ContextDigests = (step: StepNode, source: Extract<TreeSource, { type: 'context' }>) => ContentDigest;

/** What all layers of a build depend on. */
export interface LayerOptions {
  /** Seconds since the epoch: fixes `created`, history and clamps the times of new files. */
  readonly sourceDateEpoch?: number | undefined;
}

/** The keys of steps, dependencies first, from the Dockerfile, the contexts and the bases alone. */
export function definitionKeys(
  steps: readonly StepNode[],
  contextDigests: ContextDigests,
  options: LayerOptions,
): Map<StepNode, StepKey> {
  const keys = new Map<StepNode, StepKey>();
  const keyOf = (node: GraphNode): string => (node.kind === 'base' ? baseKey(node) : (keys.get(node) as StepKey).key);
  for (const step of steps) {
    const read = (source: TreeSource): KeyInput[] =>
      source.type === 'node'
        ? [{ name: 'source', value: keyOf(source.node), parts: baseParts(source.node) }]
        : contentInputs(contextDigests(step, source));
    keys.set(step, stepKey(step, { parentKey: keyOf(step.parent), read, ...options }));
  }
  return keys;
}

/**
 * The key of a COPY whose source stage has just run: by the content that it reads in place of how that came about. It
 * hits when the stage came to the same files in another way.
 */
export function contentKey(
  step: StepNode,
  content: ContentDigest,
  options: LayerOptions & { readonly parentKey: string },
): StepKey {
  return stepKey(step, { ...options, read: () => contentInputs(content) });
}

/** Base images count by what they hold, the ChainID: the same layers pushed again, or under another name, are the same base. */
export function baseKey(node: Extract<GraphNode, { kind: 'base' }>): string {
  return cacheKey('base', [
    { name: 'base', value: chainIdOf(node) },
    { name: 'platform', value: formatPlatform(node.platform) },
  ]).key;
}

interface StepSurroundings extends LayerOptions {
  readonly parentKey: string;
  readonly read: (source: TreeSource) => KeyInput[];
}

function stepKey(step: StepNode, { parentKey, read, sourceDateEpoch }: StepSurroundings): StepKey {
  const { action } = step;
  const below = parent(step, parentKey);
  // a layer with other times is another layer
  const times = sourceDateEpoch === undefined ? [] : [{ name: 'source-date-epoch', value: String(sourceDateEpoch) }];
  switch (action.type) {
    case 'run':
      return cacheKey(action.mounts.length === 0 ? 'run' : RUN_WITH_MOUNTS, [
        below,
        ...times,
        ...runInputs(action),
        ...action.mounts.flatMap((mount) => mountInputs(mount, read)),
      ]);
    case 'copy':
      return cacheKey(action.instruction.keyword.toLowerCase(), [
        // a linked copy stands on nothing, so that a new base keeps it
        isLinked(action) ? { name: 'parent', value: 'linked' } : below,
        ...times,
        ...copyInputs(action),
        ...(action.sources.length > 0 ? read(action.from) : []),
      ]);
    case 'workdir':
      return cacheKey('workdir', [
        below,
        ...times,
        { name: 'path', value: action.path },
        { name: 'user', value: action.user },
      ]);
  }
}

export function isLinked({ instruction }: CopyAction): boolean {
  return instruction.link && instruction.chmod === undefined;
}

const parent = ({ parent: node }: StepNode, key: string): KeyInput => ({
  name: 'parent',
  value: key,
  parts: baseParts(node),
});

/** What an explanation says of a base image. */
function baseParts(node: GraphNode): CacheInput[] {
  if (node.kind === 'step') return [];
  return [
    { name: 'base', hash: chainIdOf(node) },
    { name: 'platform', hash: formatPlatform(node.platform) },
  ];
}

function chainIdOf({ image }: Extract<GraphNode, { kind: 'base' }>): string {
  return chainIds(image?.config.rootfs.diff_ids ?? []).at(-1) ?? 'scratch';
}

function runInputs(action: RunAction): KeyInput[] {
  return [
    { name: 'instruction', value: action.args },
    ...action.environment.map((entry) => variableInput(entry, action.argNames)),
    { name: 'workdir', value: action.cwd },
    { name: 'user', value: action.user },
    ...(action.hostname === undefined ? [] : [{ name: 'hostname', value: action.hostname }]),
    { name: 'network', value: action.network },
    { name: 'security', value: action.security },
    ...action.scripts.map(({ path, content }) => ({ name: `script.${path}`, value: content })),
  ];
}

/** ARG and ENV of the same name and value have the same effect, and so the same key. */
function variableInput(entry: string, argNames: ReadonlySet<string>): KeyInput {
  const [name, value] = splitEnv(entry);
  const label = argNames.has(name) ? `arg.${name}` : undefined;
  return { name: `env.${name}`, label, value };
}

/** The kind of a RUN with mounts, in the second version of how mounts are encoded. */
const RUN_WITH_MOUNTS = 'run-mounts-v2';

/** What a cache holds, and the values of secrets, are no input: they must not change the result. */
function mountInputs({ mount, source }: RunMount, read: (source: TreeSource) => KeyInput[]): KeyInput[] {
  const options: KeyInput = { name: `mount.${mount.target ?? ''}`, value: mountValue(mount) };
  return source === undefined ? [options] : [options, ...read(source)];
}

/** The options of a mount by name, those that have a value. */
function mountValue(mount: Mount): KeyValue {
  const options = Object.entries(mount).filter(([, value]) => value !== undefined);
  return new Map(options.map(([name, value]) => [name, String(value)]));
}

function copyInputs(action: CopyAction): KeyInput[] {
  return [
    { name: 'sources', value: action.from.type === 'node' ? action.sources : [] },
    { name: 'destination', value: action.destination },
    { name: 'chown', value: action.chown ?? '' },
    { name: 'chmod', value: action.chmod ?? '' },
    { name: 'checksum', value: action.checksum ?? '' },
    { name: 'exclude', value: action.instruction.exclude },
    { name: 'flags', value: copyFlags(action) },
    ...action.inline.map(({ name, content }) => ({ name: `heredoc.${name}`, value: content })),
  ];
}

function copyFlags({ instruction }: CopyAction): string[] {
  if (instruction.keyword === 'COPY') return instruction.parents ? ['parents'] : [];
  return [`unpack=${instruction.unpack ?? 'auto'}`, `keep-git-dir=${instruction.keepGitDir ?? false}`];
}

function contentInputs({ digest, files }: ContentDigest): KeyInput[] {
  return [{ name: 'content', value: digest, parts: files.map(({ name, hash }) => ({ name: `file:${name}`, hash })) }];
}
