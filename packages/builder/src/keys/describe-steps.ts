import type { CacheEntry } from '@shale/cache';
import type { BaseNode, GraphNode, StepNode } from '../graph/build-graph.ts';
import { inputsOf } from '../graph/build-graph.ts';
import type { KeyedStep } from '../graph/keyed-step.ts';
import { splitEnv } from '../graph/stage-state.ts';
import type { StepKeys } from './step-keys.ts';

/** Describes all steps to `onKeyed`, before any runs. */
export function describeSteps(
  steps: readonly StepNode[],
  keys: StepKeys,
  hits: ReadonlyMap<StepNode, CacheEntry>,
): readonly KeyedStep[] {
  return steps.map((step) => ({
    step: step.info,
    ...keys.of(step),
    hit: hits.get(step),
    isBypassed: step.noCache,
    dependsOn: inputsOf(step).flatMap((node) => (node.kind === 'step' ? [node.info.id] : [])),
    values: () => valuesOf(step),
  }));
}

function valuesOf(step: StepNode): Record<string, string> {
  const bases = inputsOf(step).flatMap((node) => (isBase(node) ? [nameOf(node)] : []));
  return { ...(bases.length > 0 && { base: bases.join(', ') }), ...variablesOf(step) };
}

function variablesOf({ action }: StepNode): Record<string, string> {
  if (action.type !== 'run') return {};
  const entries = action.environment.map((entry) => {
    const [name, value] = splitEnv(entry);
    return [`${action.argNames.has(name) ? 'arg' : 'env'}.${name}`, value] as const;
  });
  return Object.fromEntries(entries);
}

const isBase = (node: GraphNode): node is BaseNode => node.kind === 'base';

function nameOf({ image }: BaseNode): string {
  if (image === undefined) return 'scratch';
  const { name } = image.origin ?? {};
  const digest = image.manifest.digest;
  return name === undefined || name.includes('@') ? (name ?? digest) : `${name}@${digest}`;
}
