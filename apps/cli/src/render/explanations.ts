import type { MissCause } from '@shale/cache/explain';
import { digestHex } from '@shale/core';
import type { ExplainedStep } from '@shale/explain';
import { stepLabel } from './build-view.ts';
import { escapeControls } from '../terminal/escape.ts';
import type { Palette } from '../terminal/palette.ts';
import { columnsOf, padColumns } from '../terminal/width.ts';
import { describeCause, describeExplanation } from './describe-cause.ts';

export interface ShowOptions {
  readonly showValues: boolean;
  /** Everything that differs, not the first alone. */
  readonly verbose: boolean;
  readonly palette: Palette;
}

/** Further differences that are shown unasked. */
const SHOWN_OTHERS = 3;
/** Consequences of other causes, which say nothing new. */
const CONSEQUENCES: ReadonlySet<MissCause['type']> = new Set(['content', 'parent-step', 'source-step']);

/** A line for each step, and below it why it missed. */
export function formatExplanations(steps: readonly ExplainedStep[], options: ShowOptions): string {
  const { warning, dim } = options.palette;
  const width = Math.max(0, ...steps.map(({ explanation }) => columnsOf(stepLabel(explanation.step))));
  const isNew = isFirstBuild(steps) && !options.verbose;
  return steps
    .map((step) => {
      const { explanation } = step;
      const label = dim(padColumns(escapeControls(stepLabel(explanation.step)), width));
      const lines = (isNew ? [] : reasonsOf(step, options)).map((reason) => `      ${escapeControls(reason)}\n`);
      return `${warning('MISS')}  ${label}  ${escapeControls(explanation.step.name)}\n${lines.join('')}`;
    })
    .join('');
}

/** Nothing is known of any of them: the same reason for all says it once. */
export function isFirstBuild(steps: readonly ExplainedStep[]): boolean {
  return steps.length > 0 && steps.every(({ explanation }) => explanation.cause.type === 'first-build');
}

function reasonsOf(step: ExplainedStep, { showValues, verbose }: ShowOptions): readonly string[] {
  const { explanation } = step;
  const sides = sidesOf(step, showValues);
  const first = describeExplanation(explanation, sides);
  const others = explanation.others.filter(({ type }) => !CONSEQUENCES.has(type));
  const shown = others
    .slice(0, verbose ? others.length : SHOWN_OTHERS)
    .map((cause) => `also ${describeCause(cause, sides)}`);
  const rest = others.length - shown.length;
  const from = explanation.nearest?.builder;
  return [
    from === undefined ? first : `${first} (compared with an entry of ${from})`,
    ...shown,
    ...(rest > 0 ? [`and ${rest} more differences: --verbose shows them`] : []),
  ];
}

/** The same for programs. */
export function explanationReport(step: ExplainedStep, { showValues }: Pick<ShowOptions, 'showValues'>): object {
  const { explanation } = step;
  const { cause, others, follows, nearest, key } = explanation;
  const sides = sidesOf(step, showValues);
  return {
    stage: explanation.step.stage,
    index: explanation.step.index,
    name: explanation.step.name,
    line: explanation.step.place?.line,
    key: digestHex(key),
    cause: plain(cause),
    reason: describeExplanation(explanation, sides),
    follows: follows?.id,
    others: others.map((other) => ({ ...plain(other), reason: describeCause(other, sides) })),
    comparedWith: nearest && { key: digestHex(nearest.key), built: nearest.built, builder: nearest.builder },
  };
}

function sidesOf({ explanation, inputs, values }: ExplainedStep, showValues: boolean) {
  return { inputs, values, nearest: explanation.nearest, showValues };
}

function plain(cause: MissCause): object {
  if (!('error' in cause)) return cause;
  return { ...cause, error: cause.error instanceof Error ? cause.error.message : cause.error };
}
