import type { CacheInput, CacheKey, KeyInput, KeyValue } from '@shale/cache';
import { cacheKey } from '@shale/cache';
import type { Digest } from '@shale/core';
import { chainIds, formatPlatform } from '@shale/core';
import type { Mount } from '@shale/dockerfile-parser';
import type { CopyAction, GraphNode, RunAction, RunMount, StepNode, TreeSource } from '../graph/build-graph.ts';
import { splitEnv } from '../graph/stage-state.ts';

export interface StepKey {
  readonly key: CacheKey;
  /** The inputs by name and hash, for later explanations. */
  readonly inputs: readonly CacheInput[];
}

/** The keys of a build's steps. */
export class StepKeys extends Map<StepNode, StepKey> {
  /** @throws {Error} for a step of another build: a fault in the caller. */
  of(step: StepNode): StepKey {
    const key = this.get(step);
    if (key === undefined) throw new Error(`The step ${step.info.name} has no key`);
    return key;
  }
}

/** A digest of what a step reads from a tree, and the hashes of its files by name. */
export interface ContentDigest {
  readonly digest: Digest;
  readonly files: readonly { readonly name: string; readonly hash: string }[];
}

/** Computes the digest of what a step reads from a build context. */
export type ContextDigests = (step: StepNode, source: Extract<TreeSource, { type: 'context' }>) => ContentDigest;

/** Options that every layer of a build depends on. */
export interface LayerOptions {
  /** Seconds since the epoch. Fixes the times in config and history, and clamps those of new files. */
  readonly sourceDateEpoch?: number | undefined;
}

/** Computes the keys of steps from the Dockerfile, the contexts and the base images. @param steps Dependencies first. */
export function definitionKeys(
  steps: readonly StepNode[],
  contextDigests: ContextDigests,
  options: LayerOptions,
): StepKeys {
  const keys = new StepKeys();
  const keyOf = (node: GraphNode): string => (node.kind === 'base' ? baseKey(node) : keys.of(node).key);
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
 * The key of a COPY whose source stage has just run. It depends on the content that COPY reads, not on how the stage made
 * it, so it hits if another way led to the same files.
 */
export function contentKey(
  step: StepNode,
  content: ContentDigest,
  options: LayerOptions & { readonly parentKey: string },
): StepKey {
  return stepKey(step, { ...options, read: () => contentInputs(content) });
}

/** A base image counts by its ChainID: the same layers under another name are the same base. */
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
  // clamped times make another layer
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
        // a linked copy does not depend on its parent, so it survives a new base
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

/** The parts of a base image that explanations name. */
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

/** ARG and ENV with the same name and value have the same effect, so they have the same key. */
function variableInput(entry: string, argNames: ReadonlySet<string>): KeyInput {
  const [name, value] = splitEnv(entry);
  const label = argNames.has(name) ? `arg.${name}` : undefined;
  return { name: `env.${name}`, label, value };
}

/** The kind of RUN with mounts. Version 2 encodes mounts by option. */
const RUN_WITH_MOUNTS = 'run-mounts-v2';

/** The content of a cache and the value of a secret are no inputs: they must not change the result. */
function mountInputs({ mount, source }: RunMount, read: (source: TreeSource) => KeyInput[]): KeyInput[] {
  const options: KeyInput = { name: `mount.${mount.target ?? ''}`, value: mountValue(mount) };
  return source === undefined ? [options] : [options, ...read(source)];
}

/** The options of a mount that have a value, by name. */
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
