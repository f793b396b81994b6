import type { CacheInput } from '../keys/cache-input.ts';
import type { CacheEvent } from '../contract/cache-event.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import { foldDirectory } from '../keys/fold-parts.ts';
import type { MissCause } from './miss-cause.ts';
import { byRank, causeOf, FILE_CONTENT_DIGITS } from './miss-cause.ts';

/** An earlier key of the step to compare with, from a trail or a record. */
export interface EarlierInputs {
  readonly inputs: readonly CacheInput[];
  readonly key?: CacheKey | undefined;
}

export interface MissExplanation<Earlier extends EarlierInputs = EarlierInputs> {
  /** The most telling difference. */
  readonly cause: MissCause;
  /** The other differences, most telling first. */
  readonly others: readonly MissCause[];
  /** The earlier entry with the fewest differences. */
  readonly nearest: Earlier | undefined;
}

/**
 * Finds out what changed since the nearest earlier entry of a step.
 * @param current The inputs of the key that missed.
 * @param earlier Newest first. Of entries with equally few differences the newest one is compared.
 * @example
 * const { cause } = explain(inputs, trails.read(step));
 */
export function explain<Earlier extends EarlierInputs>(
  current: readonly CacheInput[],
  earlier: readonly Earlier[],
): MissExplanation<Earlier> {
  const compared = earlier.map((entry) => ({ entry, causes: differences(current, entry.inputs) }));
  const nearest = compared.reduce<(typeof compared)[0] | undefined>(
    (best, one) => (best === undefined || one.causes.length < best.causes.length ? one : best),
    undefined,
  );
  if (nearest === undefined) return { cause: { type: 'first-build' }, others: [], nearest: undefined };
  const [cause = { type: 'evicted' as const }, ...others] = nearest.causes;
  return { cause, others, nearest: nearest.entry };
}

export interface MissEvidence<Earlier extends EarlierInputs> {
  /** Newest first. */
  readonly earlier: readonly Earlier[];
  /** The events of the caches during the lookup. Events of other keys are ignored. */
  readonly events?: readonly CacheEvent[] | undefined;
  /** Caches that could not be read, from `cache.degraded` events. */
  readonly degraded?: readonly { readonly backend: string; readonly error: unknown }[] | undefined;
}

/**
 * Finds out why a key missed. The reason is what the caches reported during the lookup. Where they reported nothing, it is
 * what changed since earlier entries of the step. An earlier entry with equal inputs was evicted, or is in a cache that could
 * not be read.
 */
export function explainMiss<Earlier extends EarlierInputs>(
  missed: { readonly key: CacheKey; readonly inputs: readonly CacheInput[] },
  { earlier, events = [], degraded: [unreachable] = [] }: MissEvidence<Earlier>,
): MissExplanation<Earlier> {
  const compared = explain(missed.inputs, earlier);
  const [met, ...others] = events.flatMap((event) =>
    'key' in event && event.key === missed.key ? causeOfEvent(event) : [],
  );
  if (met !== undefined) return { cause: met, others, nearest: compared.nearest };
  const isUnknown = compared.cause.type === 'evicted' || compared.cause.type === 'first-build';
  if (unreachable === undefined || !isUnknown) return compared;
  return { ...compared, cause: { type: 'unreachable', ...unreachable } };
}

function causeOfEvent(event: CacheEvent): MissCause[] {
  switch (event.type) {
    case 'expired':
      return [{ type: 'expired', created: event.created }];
    case 'incomplete':
      return [{ type: 'evicted' }];
    case 'corrupt':
      return [{ type: 'corrupt', error: event.error }];
    case 'untrusted':
      return [{ type: 'untrusted', reason: event.reason }];
    case 'unreadable':
      return [{ type: 'unreadable', reason: event.reason }];
    default:
      return [];
  }
}

function differences(current: readonly CacheInput[], earlier: readonly CacheInput[]): readonly MissCause[] {
  const now = foldLike(current, earlier);
  const before = new Map(foldLike(earlier, current).map(({ name, hash }) => [name, hash]));
  const causes: MissCause[] = [];
  for (const { name, hash } of now) {
    const old = before.get(name);
    before.delete(name);
    if (old === hash) continue;
    causes.push(old === undefined ? causeOf(name, 'added') : changeOf(name, old, hash));
  }
  for (const name of before.keys()) causes.push(causeOf(name, 'removed'));
  return distinct(causes).sort(byRank);
}

function changeOf(name: string, before: string, now: string): MissCause {
  const cause = causeOf(name, 'changed');
  const content = (hash: string) => hash.slice(0, FILE_CONTENT_DIGITS);
  return cause.type === 'file' && content(before) === content(now) ? { ...cause, how: 'mode' } : cause;
}

/** Folds `inputs` as `other` is folded: only then can a list that was folded by directory be compared with one that was not. */
function foldLike(inputs: readonly CacheInput[], other: readonly CacheInput[]): readonly CacheInput[] {
  const own = new Set(inputs.map(({ name }) => name));
  let folded = inputs;
  for (const { name } of other) {
    if (!name.startsWith('file:') || !name.endsWith('/') || own.has(name)) continue;
    const directory = name === 'file:/' ? 'file:' : name;
    const one = foldDirectory(folded, directory);
    if (one === undefined) continue;
    folded = [...folded.filter((input) => !input.name.startsWith(directory)), { name, hash: one.hash }];
  }
  return folded;
}

function distinct(causes: readonly MissCause[]): MissCause[] {
  return [...new Map(causes.map((cause) => [JSON.stringify(cause), cause])).values()];
}
