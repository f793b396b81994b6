import type { ProgressEvent } from '@shale/core';
import { escapeControls } from '../terminal/escape.ts';
import { countOf } from '../terminal/format.ts';
import type { Palette } from '../terminal/palette.ts';

export type FindingEvent = Extract<ProgressEvent, { type: 'lint.finding' }>;

/** The lines at a build's end, as BuildKit writes them: one for each finding, below a count; none for none. */
export function describeFindings(findings: readonly FindingEvent[], { warning }: Palette): readonly string[] {
  if (findings.length === 0) return [];
  const lines = findings.map(
    ({ rule, message, place }) => ` - ${escapeControls(`${rule}: ${message} (line ${place.line})`)}`,
  );
  return ['', warning(` ${countOf(findings.length, 'warning')} found (use --check to expand):`), ...lines];
}
