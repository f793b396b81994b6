import { DockerfileError } from '../dockerfile-error.ts';
import type { Expanded } from '../expand.ts';
import type { Instruction } from '../instruction.ts';
import type { Dockerfile, Stage } from '../parse.ts';
import { parseInstruction } from '../parse-instruction.ts';
import { globalVariables } from './globals.ts';
import type { BaseImage, LintOptions } from './lint-options.ts';
import { reachableStages } from './reachable-stages.ts';
import { expandIn, type Variables } from './variables.ts';
import { type LintStep, type StageState, walkStage } from './walk-stage.ts';

/** What rules check: a Dockerfile with the values of its variables, and without the stages that are not built. */
export interface LintSubject {
  readonly dockerfile: Dockerfile;
  readonly options: LintOptions;
  /** The variables of FROM lines. */
  readonly globals: Variables;
  /** The variables of FROM lines without build arguments. */
  readonly defaults: Variables;
  readonly stages: readonly LintStage[];
}

export interface LintStage {
  readonly stage: Stage;
  /** The image of FROM, with variables expanded. */
  readonly image: Expanded;
  /** The `--platform` of FROM, with variables expanded. */
  readonly platform: Expanded | undefined;
  readonly baseImage: BaseImage | undefined;
  /** The triggers of the base image, then the instructions of the stage. */
  readonly steps: readonly LintStep[];
}

export function createSubject(dockerfile: Dockerfile, options: LintOptions): LintSubject {
  const globals = globalVariables(dockerfile, options);
  const defaults = globalVariables(dockerfile, { ...options, buildArgs: undefined });
  const stages = new Map<string, { readonly stage: Stage; readonly end: StageState }>();
  const images = dockerfile.stages.map(({ from }) => expandIn(globals, from.image));
  const all = dockerfile.stages.map((stage): LintStage => {
    const { from, name } = stage;
    const image = images[stage.index] ?? expandIn(globals, from.image);
    const base = stages.get(image.text.toLowerCase());
    const platform = from.platform === undefined ? undefined : expandIn(globals, from.platform);
    const wanted = platform?.text ?? globals.values.get('TARGETPLATFORM') ?? '';
    const baseImage = base === undefined ? options.baseImage?.(image.text, wanted) : undefined;
    const triggers = base === undefined ? (baseImage?.onBuild ?? []).flatMap(parseTrigger) : triggersOf(base.stage);
    const isBaseUnknown = options.baseImage !== undefined && baseImage === undefined && image.text !== 'scratch';
    const walk = { triggers, base: base?.end, baseImage, isBaseUnknown, globals, options };
    const { steps, end } = walkStage(stage, walk);
    if (name !== undefined) stages.set(name, { stage, end });
    return { stage, image, platform, baseImage, steps };
  });
  const { target } = options;
  const needed = reachableStages(dockerfile, { target, images: images.map(({ text }) => text) });
  return {
    dockerfile,
    options,
    globals,
    defaults,
    stages: target === undefined ? all : all.filter((_, index) => needed.has(index)),
  };
}

function triggersOf({ instructions }: Stage): Instruction[] {
  return instructions.flatMap((item) => (item.keyword === 'ONBUILD' ? [item.instruction] : []));
}

/** Skips triggers that are not valid: the builder reports them. */
function parseTrigger(text: string): Instruction[] {
  try {
    return [parseInstruction(text)];
  } catch (error) {
    if (error instanceof DockerfileError) return [];
    throw error;
  }
}
