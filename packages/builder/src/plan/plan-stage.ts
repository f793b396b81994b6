import {
  formatPlatform,
  LocatedError,
  parsePlatform,
  parseReference,
  platformMatches,
  platformOf,
  redactUrls,
  ShaleError,
  type SourcePlace,
} from '@shale/core';
import type { FromInstruction, Instruction, Stage } from '@shale/dockerfile-parser';
import { DockerfileError, excerpt, parseInstruction } from '@shale/dockerfile-parser';
import type { BaseNode, PlannedStage, StepNode } from '../graph/build-graph.ts';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import type { NamedContext } from '../graph/context.ts';
import { instructionScope, type InstructionScope } from './instruction-scope.ts';
import { foldMetadata } from './fold-metadata.ts';
import { locate } from '../graph/locate-error.ts';
import { findNamedContext } from './named-context.ts';
import type { Planning } from './planning.ts';
import { findStage, stageName } from './find-stage.ts';
import { planCopy } from './plan-copy.ts';
import { planRun } from './plan-run.ts';
import { planWorkdir } from './plan-workdir.ts';
import type { PlannedStep, StageDraft } from './stage-draft.ts';
import { declareArg, inheritState, initialState } from '../graph/stage-state.ts';

const STEP_KEYWORDS: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD', 'WORKDIR']);

export async function planStage(stage: Stage, planning: Planning): Promise<PlannedStage> {
  const { source } = planning.options;
  const draft = await openDraft(stage, planning).catch((error: unknown) => {
    throw locate(error, placeOf(stage.from, source), source);
  });
  const triggers = triggersOf(draft);
  draft.state = inheritState(draft.state);
  const own = replacementOf(stage, planning) === undefined ? stage.instructions : [];
  const instructions = [...draft.files, ...triggers, ...own];
  const total = instructions.filter(({ keyword }) => STEP_KEYWORDS.has(keyword)).length;
  let index = 0;
  for (const instruction of instructions) {
    if (STEP_KEYWORDS.has(instruction.keyword)) index += 1;
    await applyInstruction(draft, instruction, { index, total }).catch((error: unknown) => {
      throw locate(error, placeOf(instruction, source), source);
    });
  }
  const { base, tip, state, history } = draft;
  return { name: stageName(stage), base, tip, state, history };
}

async function openDraft(stage: Stage, planning: Planning): Promise<StageDraft> {
  const { from } = stage;
  const { dockerfile, options, globalArgs } = planning;
  const replacement = replacementOf(stage, planning);
  if (replacement !== undefined)
    return openBaseDraft(stage, planning, { name: stage.name ?? '', named: replacement, platform: options.platform });
  const scope = instructionScope({
    variables: globalArgs,
    escape: dockerfile.directives.escape,
    file: options.source.name,
    range: from.range,
  });
  const name = scope.expand.word(from.image);
  if (name === '')
    scope.fail(
      `base name (${from.image}) should not be blank`,
      'Give the ARG a default above, or a value as a build argument.',
    );
  const platform = fromPlatform(stage, scope, planning);
  const parent = findStage(dockerfile, name, stage.index);
  if (parent !== undefined) {
    const { base, tip, state, history } = await planning.stage(parent.index);
    return { stage, planning, base, files: [], tip, state, history: [...history] };
  }
  const named = findNamedContext(options.namedContexts, name);
  return openBaseDraft(stage, planning, { name, named, platform });
}

/** A named context with the name of the stage replaces the stage. */
function replacementOf({ name }: Stage, { options }: Planning): NamedContext | undefined {
  return name === undefined ? undefined : findNamedContext(options.namedContexts, name);
}

/** The platform of an image that has only one, if the user asked for none. */
function ownPlatform({ image }: BaseNode, { from }: Stage, { options }: Planning): BaseNode['platform'] | undefined {
  if (image === undefined || options.isPlatformImplicit !== true || from.platform !== undefined) return undefined;
  return platformMatches(image.config, options.platform) ? undefined : platformOf(image.config);
}

interface WantedBase {
  readonly name: string;
  readonly named: NamedContext | undefined;
  readonly platform: BaseNode['platform'];
}

async function openBaseDraft(stage: Stage, planning: Planning, wanted: WantedBase): Promise<StageDraft> {
  const { name, named } = wanted;
  if (named === undefined)
    understood(() => parseReference(name), `failed to parse stage name ${JSON.stringify(name)}`, { stage, planning });
  const found = await openBase(wanted, planning);
  const own = ownPlatform(found, stage, planning);
  const base = own === undefined ? found : { ...found, platform: own };
  const files =
    named?.type === 'directory' ? [placeTrigger(parseInstruction(`COPY --from=${name} . /`), stage.from)] : [];
  const state = initialState(base.image?.config, base.platform);
  return { stage, planning, base, files, tip: base, state, history: [] };
}

function openBase({ name, named, platform }: WantedBase, planning: Planning): Promise<BaseNode> | BaseNode {
  if (named?.type === 'image') return planning.image(named.reference, platform);
  if (named?.type === 'directory' || name === 'scratch') return { kind: 'base', image: undefined, platform };
  return planning.image(name, platform);
}

/** Runs `parse`, and blames its errors on the FROM line: the words of BuildKit, then the reason. */
function understood<T>(
  parse: () => T,
  failure: string,
  { stage: { from }, planning }: Pick<StageDraft, 'stage' | 'planning'>,
): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof ShaleError)) throw cause;
    const { source } = planning.options;
    const { code, message, hint } = cause;
    const lines = excerpt(source.text, from.range);
    throw new LocatedError({ code, message: `${failure}: ${message}`, hint, cause }, placeOf(from, source), lines);
  }
}

function fromPlatform(stage: Stage, scope: InstructionScope, planning: Planning): BaseNode['platform'] {
  const { platform } = stage.from;
  if (platform === undefined) return planning.options.platform;
  const text = scope.expand.word(platform);
  if (text === '')
    scope.fail(
      `empty platform value from expression ${platform}`,
      'Declare the ARG before the first FROM, or give a build argument.',
    );
  return understood(() => parsePlatform(text), `failed to parse platform ${text}`, { stage, planning });
}

function placeOf({ range }: Pick<Instruction, 'range'>, { name: file }: DockerfileSource): SourcePlace {
  return { file, line: range.startLine, endLine: range.endLine };
}

/** The ONBUILD instructions of the base. */
function triggersOf({ stage: { from }, planning, state }: StageDraft): readonly Instruction[] {
  const { source } = planning.options;
  try {
    return (state.config.OnBuild ?? []).map((text) => placeTrigger(parseInstruction(text), from));
  } catch (error) {
    const { message, hint } = error as DockerfileError;
    const failure = error instanceof DockerfileError ? new DockerfileError(message, { hint, cause: error }) : error;
    throw locate(failure, placeOf(from, source), source);
  }
}

/** Errors of a trigger are reported at the FROM whose base has it. */
function placeTrigger(instruction: Instruction, { range }: FromInstruction): Instruction {
  return { ...instruction, range };
}

async function applyInstruction(draft: StageDraft, instruction: Instruction, position: StepPosition): Promise<void> {
  const { planning, stage } = draft;
  const scope = instructionScope({
    variables: draft.state.environment,
    escape: planning.dockerfile.directives.escape,
    file: planning.options.source.name,
    range: instruction.range,
  });
  switch (instruction.keyword) {
    case 'FROM':
      throw new Error(`FROM inside stage ${stageName(stage)}`);
    case 'ARG': {
      const texts = instruction.args.map(({ key, value }) => declareOne(draft, key, value, instruction.range));
      addHistory(draft, `ARG ${texts.join(' ')}`);
      return;
    }
    case 'RUN':
      return addStep(draft, instruction, position, await planRun(draft, instruction, scope));
    case 'COPY':
    case 'ADD':
      return addStep(draft, instruction, position, await planCopy(draft, instruction, scope));
    case 'WORKDIR': {
      const { state, step } = planWorkdir(draft.state, instruction, scope);
      draft.state = state;
      if (step.action === undefined) return addHistory(draft, step.createdBy);
      return addStep(draft, instruction, position, { action: step.action, createdBy: step.createdBy });
    }
    default: {
      const { state, createdBy } = foldMetadata(draft.state, instruction, scope);
      draft.state = state;
      if (createdBy !== undefined) addHistory(draft, createdBy);
    }
  }
}

/** In `ARG a=1 b=$a`, unlike ENV, `b` sees the new `a`. */
function declareOne(draft: StageDraft, key: string, text: string | undefined, range: Instruction['range']): string {
  const { planning, state } = draft;
  const { options, dockerfile, globalArgs } = planning;
  const given = options.buildArgs[key];
  const { expand } = instructionScope({
    variables: state.environment,
    escape: dockerfile.directives.escape,
    file: options.source.name,
    range,
  });
  // with a given value, a default that cannot be expanded is no error
  const byDefault = text === undefined ? undefined : given === undefined ? expand.word(text) : text;
  draft.state = declareArg(state, key, given ?? byDefault ?? globalArgs.get(key));
  return byDefault === undefined ? key : `${key}=${byDefault}`;
}

interface StepPosition {
  readonly index: number;
  readonly total: number;
}

function addStep(
  draft: StageDraft,
  instruction: Instruction,
  { index, total }: StepPosition,
  { action, createdBy }: PlannedStep,
): void {
  const { stage, planning, tip } = draft;
  const { source, noCache } = planning.options;
  const name = stageName(stage);
  const platform = platformLabel(draft);
  const node: StepNode = {
    kind: 'step',
    info: {
      id: `${platform}${stage.index}.${index}`,
      stage: `${platform}${name}`,
      index,
      total,
      name: action.type === 'copy' ? redactUrls(instruction.source) : instruction.source,
      place: placeOf(instruction, source),
    },
    parent: tip,
    action,
    platform: draft.state.platform,
    createdBy,
    noCache:
      noCache === true || (Array.isArray(noCache) && noCache.some((wanted: string) => wanted.toLowerCase() === name)),
  };
  draft.tip = node;
  draft.history.push({ createdBy, node });
}

function addHistory(draft: StageDraft, createdBy: string): void {
  draft.history.push({ createdBy, node: undefined });
}

/** As BuildKit writes it: `linux/amd64 `, or `linux/amd64->arm64 ` for a stage that cross-compiles. */
function platformLabel({ planning, state }: StageDraft): string {
  const { isPlatformNamed = false, platform: target } = planning.options;
  if (!isPlatformNamed) return '';
  const own = formatPlatform(state.platform);
  if (own === formatPlatform(target)) return `${own} `;
  return `${own}->${[target.architecture, target.variant].filter(Boolean).join('/')} `;
}
