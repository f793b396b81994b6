import type { BuildContext, NamedContext } from '@shale/builder';
import { UsageError } from '../errors/usage-error.ts';

export interface EpochSources {
  readonly context: BuildContext;
  readonly namedContexts: ReadonlyMap<string, NamedContext>;
}

/** The last second that a date can have. */
const MAX_SECONDS = 8_640_000_000_000;

/**
 * Reads SOURCE_DATE_EPOCH: seconds since 1970, or the time of a commit by `context` or the name of a context.
 * @returns `undefined` for a context that is no repository
 * @throws {UsageError}
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export function parseSourceDateEpoch(text: string, { context, namedContexts }: EpochSources): number | undefined {
  if (/^\d+$/.test(text) && Number(text) <= MAX_SECONDS) return Number(text);
  if (text === 'context') return context.commitTime;
  const named = namedContexts.get(text.toLowerCase());
  if (named !== undefined) return named.type === 'directory' ? named.context.commitTime : undefined;
  throw new UsageError(`invalid SOURCE_DATE_EPOCH: ${JSON.stringify(text)} is not a number of seconds`, {
    hint: 'Write whole seconds since 1970, as `git log -1 --format=%ct` prints, or context.',
  });
}
