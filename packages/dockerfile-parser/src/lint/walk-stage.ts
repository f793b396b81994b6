import type { Expanded } from '../expand.ts';
import type { ArgInstruction, Instruction } from '../instruction.ts';
import type { Stage } from '../parse.ts';
import type { SourceRange } from '../position.ts';
import { expandedTexts } from './expanded-words.ts';
import type { BaseImage, LintOptions } from './lint-options.ts';
import { expandIn, type UndefinedVariable, undefinedIn, type Variables, withValues, wordsIn } from './variables.ts';

/** An instruction, and what is known before it. */
export interface LintStep {
  readonly instruction: Instruction;
  /** The lines of the instruction. A trigger has those of its FROM. */
  readonly range: SourceRange;
  readonly expand: (word: string) => Expanded;
  readonly expandWords: (text: string) => readonly string[];
  readonly undefinedVariables: readonly UndefinedVariable[];
  /** Whether SHELL was set before, in this stage or its base. */
  readonly hasShell: boolean;
  /** Whether this file has a WORKDIR before it. */
  readonly hasWorkdir: boolean;
}

/** What a stage inherits from the stage that it is built from. */
export interface StageState {
  readonly variables: Variables;
  readonly hasShell: boolean;
  readonly hasWorkdir: boolean;
  /** Whether the variables of the base image are unknown. */
  readonly isBaseUnknown: boolean;
}

export interface WalkOptions {
  readonly triggers: readonly Instruction[];
  /** The state at the end of the stage that this one is built from. */
  readonly base: StageState | undefined;
  readonly baseImage: BaseImage | undefined;
  readonly isBaseUnknown: boolean;
  readonly globals: Variables;
  readonly options: LintOptions;
}

/** Walks over the instructions of a stage in the order of a build. */
export function walkStage(stage: Stage, walk: WalkOptions): { steps: LintStep[]; end: StageState } {
  let state = walk.base ?? startState(walk);
  const steps: LintStep[] = [];
  for (const [index, instruction] of [...walk.triggers, ...stage.instructions].entries()) {
    const { variables, hasShell, hasWorkdir, isBaseUnknown } = state;
    const next = follow(instruction, variables, walk);
    steps.push({
      instruction,
      range: index < walk.triggers.length ? stage.from.range : instruction.range,
      expand: (word) => expandIn(variables, word),
      expandWords: (text) => wordsIn(variables, text),
      undefinedVariables: next.undefinedVariables.filter(
        ({ suggestion }) => !isBaseUnknown || suggestion !== undefined,
      ),
      hasShell,
      hasWorkdir,
    });
    state = {
      variables: next.variables,
      hasShell: hasShell || instruction.keyword === 'SHELL',
      hasWorkdir: hasWorkdir || instruction.keyword === 'WORKDIR',
      isBaseUnknown,
    };
  }
  return { steps, end: state };
}

function startState({ baseImage, isBaseUnknown, globals }: WalkOptions): StageState {
  const environment = (baseImage?.environment ?? []).map((entry) => {
    const equals = entry.indexOf('=');
    return equals < 0 ? ([entry, ''] as const) : ([entry.slice(0, equals), entry.slice(equals + 1)] as const);
  });
  const values = new Map([['PATH', ''] as const, ...environment]);
  const variables = { values, declared: new Set<string>(), escape: globals.escape };
  return { variables, hasShell: (baseImage?.shell ?? []).length > 0, hasWorkdir: false, isBaseUnknown };
}

interface Followed {
  readonly variables: Variables;
  readonly undefinedVariables: readonly UndefinedVariable[];
}

function follow(instruction: Instruction, variables: Variables, walk: WalkOptions): Followed {
  if (instruction.keyword === 'ARG') return followArg(instruction, variables, walk);
  const unset = expandedTexts(instruction).flatMap(({ text, kind }) => [...expandIn(variables, text, kind).unset]);
  const undefinedVariables = undefinedIn(variables, unset);
  if (instruction.keyword !== 'ENV') return { variables, undefinedVariables };
  // all pairs see the values from before the instruction
  const pairs = instruction.pairs.map(({ key, value }) => {
    return [expandIn(variables, key).text, expandIn(variables, value).text] as const;
  });
  return { variables: withValues(variables, pairs), undefinedVariables };
}

function followArg({ args }: ArgInstruction, start: Variables, { globals, options }: WalkOptions): Followed {
  let variables = start;
  const undefinedVariables: UndefinedVariable[] = [];
  for (const { key, value } of args) {
    const given = options.buildArgs?.get(key);
    const byDefault = value === undefined || given !== undefined ? undefined : expandIn(variables, value);
    undefinedVariables.push(...undefinedIn(variables, byDefault?.unset ?? []));
    const result = given ?? byDefault?.text ?? (value === undefined ? globals.values.get(key) : undefined);
    if (result !== undefined) variables = withValues(variables, [[key, result]]);
    variables = { ...variables, declared: new Set([...variables.declared, key]) };
  }
  return { variables, undefinedVariables };
}
