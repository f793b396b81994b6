import type { Image, Platform, StepInfo } from '@shale/core';
import type { AddInstruction, CopyInstruction, Mount, RunInstruction } from '@shale/dockerfile-parser';
import type { BuildContext } from './context.ts';
import type { StageState } from './stage-state.ts';

/** The base of a stage: an image, or scratch. */
export interface BaseNode {
  readonly kind: 'base';
  /** `undefined` for scratch. */
  readonly image: Image | undefined;
  readonly platform: Platform;
}

/** One change of a file system, with everything that it needs: variables are expanded, defaults applied. */
export interface StepNode {
  readonly kind: 'step';
  readonly info: StepInfo;
  readonly parent: GraphNode;
  readonly action: StepAction;
  readonly platform: Platform;
  /** `created_by` of its history entry. */
  readonly createdBy: string;
  /** Skips the cache lookup. */
  readonly noCache: boolean;
}

export type GraphNode = BaseNode | StepNode;

export type StepAction = RunAction | CopyAction | WorkdirAction;

export interface RunAction {
  readonly type: 'run';
  readonly instruction: RunInstruction;
  readonly args: readonly string[];
  /** `NAME=value` of each ENV, and of each ARG with a value. */
  readonly environment: readonly string[];
  /** The names in `environment` that are ARGs. */
  readonly argNames: ReadonlySet<string>;
  /** Variables that RUN sees but that are not part of its key: proxy settings. */
  readonly hiddenEnvironment: readonly string[];
  readonly cwd: string;
  readonly user: string;
  /** @default `buildkitsandbox` */
  readonly hostname: string | undefined;
  readonly network: 'host' | 'none';
  readonly security: 'sandbox' | 'insecure';
  readonly mounts: readonly RunMount[];
  /** Here-documents that start with `#!`, and the paths at which they are mounted. */
  readonly scripts: readonly { readonly path: string; readonly content: string }[];
}

/** Privileges of RUN, by their names in BuildKit. `network.host` matters only in a build without network. */
export type Entitlement = 'network.host' | 'security.insecure';

/** A mount, and the tree that its `from` names. */
export interface RunMount {
  readonly mount: Mount;
  readonly source: TreeSource | undefined;
}

export interface CopyAction {
  readonly type: 'copy';
  readonly instruction: CopyInstruction | AddInstruction;
  /** With variables expanded. */
  readonly sources: readonly string[];
  readonly inline: readonly { readonly name: string; readonly content: string }[];
  /** Absolute. With a trailing slash it is a directory. */
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly checksum: string | undefined;
  readonly from: TreeSource;
}

export interface WorkdirAction {
  readonly type: 'workdir';
  readonly path: string;
  readonly user: string;
}

/** A tree that COPY or a mount reads. */
export type TreeSource =
  | { readonly type: 'context'; readonly context: BuildContext }
  | { readonly type: 'node'; readonly node: GraphNode };

export interface HistoryLine {
  readonly createdBy: string;
  /** `undefined` for an instruction that changes no file. */
  readonly node: StepNode | undefined;
}

/** A planned stage: the state for its image's config, and the last node of its file system. */
export interface PlannedStage {
  readonly name: string;
  readonly base: BaseNode;
  readonly tip: GraphNode;
  readonly state: StageState;
  /** Entries after those of the base image; of stages below this one, too. */
  readonly history: readonly HistoryLine[];
}

/** The steps from the base, exclusive, up to `tip`, inclusive. */
export function chainOf(tip: GraphNode): StepNode[] {
  const chain: StepNode[] = [];
  for (let node = tip; node.kind === 'step'; node = node.parent) chain.unshift(node);
  return chain;
}

/** All steps that the tips depend on, each once, dependencies first. */
export function reachableSteps(...tips: readonly GraphNode[]): StepNode[] {
  const seen = new Set<GraphNode>();
  const steps: StepNode[] = [];
  const pending = tips.toReversed().map((node) => ({ node, expanded: false }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, expanded } = next;
    if (node.kind === 'base') continue;
    if (expanded) {
      steps.push(node);
      continue;
    }
    if (seen.has(node)) continue;
    seen.add(node);
    pending.push({ node, expanded: true });
    for (const input of inputsOf(node)) pending.push({ node: input, expanded: false });
  }
  return steps;
}

/** The nodes whose trees a step reads. The first is its parent. */
export function inputsOf(step: StepNode): GraphNode[] {
  return [step.parent, ...sourcesOf(step).flatMap((source) => (source.type === 'node' ? [source.node] : []))];
}

function sourcesOf({ action }: StepNode): TreeSource[] {
  if (action.type === 'copy') return [action.from];
  if (action.type === 'run') return action.mounts.flatMap(({ source }) => (source === undefined ? [] : [source]));
  return [];
}
