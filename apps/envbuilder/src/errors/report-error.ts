import { hintOf, LocatedError, messageOf, ShaleError } from '@shale/core';
import { remedies } from './remedies.ts';

const MAX_CAUSES = 10;

/** Formats a failure: the whole reason in the first line, which scripts read; then the lines of the Dockerfile, then hints. */
export function reportError(error: unknown): string {
  const lines = [`error: ${oneLine(messageOf(error))}`];
  const located = causesOf(error).find((cause) => cause instanceof LocatedError);
  if (located !== undefined) lines.push(located.excerpt);
  const hint = error instanceof ShaleError ? hintOf(error, remedies) : undefined;
  if (hint !== undefined) lines.push(`hint:  ${hint}`);
  return `${lines.join('\n')}\n`;
}

function oneLine(message: string): string {
  return message
    .trim()
    .replaceAll(/:\s*\n\s*/g, ': ')
    .replaceAll(/\s*\n\s*/g, '; ');
}

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  for (let current = error; current instanceof Error && causes.length < MAX_CAUSES; current = current.cause)
    causes.push(current);
  return causes;
}
