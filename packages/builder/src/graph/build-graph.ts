import type { Image, Platform, StepInfo } from '@shale/core';
import type { AddInstruction, CopyInstruction, Mount, RunInstruction } from '@shale/dockerfile-parser';
import type { BuildContext } from './context.ts';
import type { StageState } from './stage-state.ts';

/** Where a stage begins: an image, or nothing. */
export interface BaseNode {
  readonly kind: 'base';
  /** `undefined` for scratch. */
  readonly image: Image | undefined;
  readonly platform: Platform;
}

/** One change of a file system. Everything that the instruction needs is folded in and expanded. */
export interface StepNode {
  readonly kind: 'step';
  readonly info: StepInfo;
  readonly parent: GraphNode;
  readonly action: StepAction;
  readonly platform: Platform;
  /** The text of its history entry. */
  readonly createdBy: string;
  /** The cache is not asked for it. */
  readonly noCache: boolean;
}

export type GraphNode = BaseNode | StepNode;

export type StepAction = RunAction | CopyAction | WorkdirAction;

export interface RunAction {
  readonly type: 'run';
  readonly instruction: RunInstruction;
  readonly args: readonly string[];
  /** `NAME=value`: ENV and valued ARG. */
  readonly environment: readonly string[];
  /** Which of them are ARGs. */
  readonly argNames: ReadonlySet<string>;
  /** Proxy settings and the like: in the environment, but not in the key. */
  readonly hiddenEnvironment: readonly string[];
  readonly cwd: string;
  readonly user: string;
  /** @default `buildkitsandbox` */
  readonly hostname: string | undefined;
  readonly network: 'host' | 'none';
  readonly security: 'sandbox' | 'insecure';
  readonly mounts: readonly RunMount[];
  /** Scripts from here-documents that start with `#!`, by path. */
  readonly scripts: readonly { readonly path: string; readonly content: string }[];
}

/** As BuildKit names them: `RUN --security=insecure`, and `RUN --network=host` where the build has no network. */
export type Entitlement = 'network.host' | 'security.insecure';

/** A mount, and the tree that its `from` names. */
export interface RunMount {
  readonly mount: Mount;
  readonly source: TreeSource | undefined;
}

export interface CopyAction {
  readonly type: 'copy';
  readonly instruction: CopyInstruction | AddInstruction;
  /** Expanded. */
  readonly sources: readonly string[];
  readonly inline: readonly { readonly name: string; readonly content: string }[];
  /** Absolute; a trailing slash says that it is a directory. */
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

/** A planned stage: what its image will say, and the last node of its file system. */
export interface PlannedStage {
  readonly name: string;
  readonly base: BaseNode;
  readonly tip: GraphNode;
  readonly state: StageState;
  /** Since the base, stages that this one is FROM included. */
  readonly history: readonly HistoryLine[];
}

/** The chain from the first step after the base up to `tip`. */
export function chainOf(tip: GraphNode): StepNode[] {
  const chain: StepNode[] = [];
  for (let node = tip; node.kind === 'step'; node = node.parent) chain.unshift(node);
  return chain;
}

/** Every step that the tips may need, each once, dependencies first. */
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

/** The nodes whose trees a step reads: its parent first. */
export function inputsOf(step: StepNode): GraphNode[] {
  return [step.parent, ...sourcesOf(step).flatMap((source) => (source.type === 'node' ? [source.node] : []))];
}

function sourcesOf({ action }: StepNode): TreeSource[] {
  if (action.type === 'copy') return [action.from];
  if (action.type === 'run') return action.mounts.flatMap(({ source }) => (source === undefined ? [] : [source]));
  return [];
}
