import type { ErrorCode, ShaleError } from './errors.ts';

/** What an app adds to the hint of an error, by its code: the flags, variables and commands that help in this app. */
export type Remedies = Readonly<Partial<Record<ErrorCode, string>>>;

/** The error's own hint, then what the app adds to it. */
export function hintOf(error: ShaleError, remedies: Remedies): string | undefined {
  const sentences = [error.hint, remedies[error.code]].filter((text) => text !== undefined);
  return sentences.length === 0 ? undefined : sentences.join(' ');
}
