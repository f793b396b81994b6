import { escapeControls } from '../terminal/escape.ts';
import { countOf, formatBytes, formatDuration } from '../terminal/format.ts';
import type { Palette } from '../terminal/palette.ts';
import type { BuildOutcome } from './renderer.ts';
import type { Tally } from './tally.ts';

export interface SummaryOptions {
  readonly tally: Tally;
  readonly durationMs: number;
  readonly palette: Palette;
}

/** The last lines of a build: time, steps, bytes, digest, and where the image is. */
export function summarise(outcome: BuildOutcome, { tally, durationMs, palette }: SummaryOptions): readonly string[] {
  const facts = [
    stepsOf(tally),
    savedOf(outcome),
    movedOf('pulled', tally.bytes('pull')),
    movedOf('pushed', tally.bytes('push')),
  ];
  const told = facts.filter((fact) => fact !== undefined).join(' · ');
  return [
    `${palette.good('✔')} ${palette.bold(`${outcome.verb ?? 'Built'} in ${formatDuration(durationMs)}`)}${told === '' ? '' : ` · ${told}`}`,
    `  ${outcome.digest}`,
    ...(outcome.targets.length > 0
      ? []
      : [palette.dim('  kept in the cache only: name it with -t, or write it with -o')]),
    ...outcome.targets.map((target) => `  ${palette.active('→')} ${escapeControls(target)}`),
  ];
}

function stepsOf({ cached, ran }: Tally): string | undefined {
  if (cached + ran === 0) return undefined;
  if (ran === 0) return cached === 1 ? 'the step was cached' : `all ${cached} steps cached`;
  return cached === 0 ? `${countOf(ran, 'step')} run` : `${cached} of ${countOf(cached + ran, 'step')} cached`;
}

function savedOf({ savedMs }: BuildOutcome): string | undefined {
  return savedMs < 1000 ? undefined : `saved ${formatDuration(savedMs)}`;
}

function movedOf(verb: string, bytes: number): string | undefined {
  return bytes === 0 ? undefined : `${verb} ${formatBytes(bytes)}`;
}
