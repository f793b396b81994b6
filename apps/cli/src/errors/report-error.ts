import { hintOf, LocatedError, messageOf, ShaleError } from '@shale/core';
import { REMEDIES } from './error-reference.ts';
import { SignalReceivedError } from './exit-code.ts';
import type { Palette } from '../terminal/palette.ts';
import { escapeControlsInLines } from '../terminal/escape.ts';

export interface ErrorReportOptions {
  /** Show the chain of causes. */
  readonly verbose: boolean;
  /** Show stack traces, for people who work on shale. */
  readonly stacks: boolean;
  readonly palette: Palette;
}

const MAX_CAUSES = 10;

/** What the user reads when a command failed: what and where, an excerpt, what to do, and on request the causes. */
export function formatError(error: unknown, { verbose, stacks, palette }: ErrorReportOptions): string {
  if (error instanceof SignalReceivedError) return palette.warning(error.message);
  const lines = [`${palette.bad('error:')} ${headline(error)}`];
  if (error instanceof LocatedError) lines.push(escapeControlsInLines(error.excerpt));
  const hint = adviceOn(error);
  if (hint !== undefined) lines.push(`${palette.active('hint:')}  ${escapeControlsInLines(hint)}`);
  if (verbose || stacks)
    lines.push(...causesOf(error).map((cause) => palette.dim(`caused by: ${escapedMessageOf(cause)}`)));
  if (stacks && error instanceof Error) lines.push(palette.dim(escapeControlsInLines(error.stack ?? '')));
  return lines.join('\n');
}

function headline(error: unknown): string {
  const message = escapedMessageOf(error);
  if (!(error instanceof LocatedError)) return message;
  const where = escapeControlsInLines(`${error.place.file}:${error.place.line}`);
  return message.includes(where) ? message : `${where}: ${message}`;
}

function escapedMessageOf(error: unknown): string {
  return escapeControlsInLines(messageOf(error));
}

function adviceOn(error: unknown): string | undefined {
  if (error instanceof ShaleError) return hintOf(error, REMEDIES);
  if (error instanceof Error && 'syscall' in error) return undefined;
  return 'This is a fault in shale itself. Run again with SHALE_DEBUG=1 and report what it prints.';
}

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  let current = error;
  while (current instanceof Error && causes.length < MAX_CAUSES) {
    const next: readonly unknown[] =
      current instanceof AggregateError ? current.errors.slice(0, MAX_CAUSES) : [current.cause];
    causes.push(...next.filter((cause) => cause !== undefined));
    current = next[0];
  }
  return causes;
}
