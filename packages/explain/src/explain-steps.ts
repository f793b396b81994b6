import type { KeyedStep } from '@shale/builder';
import { type CacheEvent, type CacheInput, type CacheKey, type StepIdentity } from '@shale/cache';
import { explainMiss, type MissCause } from '@shale/cache/explain';
import type { StepInfo } from '@shale/core';
import type { DegradedCache } from './build-journal.ts';

/** An earlier key of some step: of this machine's trails, or of an entry in a cache. */
export interface EarlierStep {
  readonly step: StepIdentity | undefined;
  /** The instruction as written; of an entry of a cache it is not known. */
  readonly name?: string | undefined;
  /** `RUN`, `COPY`. */
  readonly keyword: string;
  readonly key: CacheKey;
  readonly built: Date;
  readonly inputs: readonly CacheInput[];
  readonly values?: Readonly<Record<string, string>> | undefined;
  /** Who built it, where it was somebody else. */
  readonly builder?: string | undefined;
}

export interface StepExplanation {
  readonly step: StepInfo;
  readonly key: CacheKey;
  readonly cause: MissCause;
  readonly others: readonly MissCause[];
  /** The step whose miss brought this one about. */
  readonly follows: StepInfo | undefined;
  /** What was compared with. */
  readonly nearest: EarlierStep | undefined;
}

export interface Evidence {
  /** All steps of the build, for telling new instructions from changed ones. */
  readonly steps: readonly KeyedStep[];
  readonly earlier: readonly EarlierStep[];
  readonly events: readonly CacheEvent[];
  readonly degraded: readonly DegradedCache[];
}

/** Why each of these steps was not in the cache. */
export function explainSteps(missed: readonly KeyedStep[], evidence: Evidence): readonly StepExplanation[] {
  const ids = new Map(missed.map(({ step }) => [step.id, step]));
  return missed.map((step) => {
    const explanation = explainStep(step, evidence);
    const follows = FOLLOWING.has(explanation.cause.type) ? step.dependsOn.find((id) => ids.has(id)) : undefined;
    return { ...explanation, follows: follows === undefined ? undefined : ids.get(follows) };
  });
}

const FOLLOWING: ReadonlySet<MissCause['type']> = new Set(['parent-step', 'source-step']);

export function keywordOf(instruction: string): string {
  return /^[a-z]+/i.exec(instruction)?.[0].toUpperCase() ?? '';
}

function explainStep(
  keyed: KeyedStep,
  { steps, earlier, events, degraded }: Evidence,
): Omit<StepExplanation, 'follows'> {
  const { step, key } = keyed;
  if (keyed.isBypassed) return { step, key, cause: { type: 'bypassed' }, others: [], nearest: undefined };
  // it was there when the cache was asked, and gone when it was read
  if (keyed.hit !== undefined) return { step, key, cause: { type: 'evicted' }, others: [], nearest: undefined };
  const keyword = keywordOf(step.name);
  const alike = earlier
    .filter((entry) => entry.keyword === keyword && isRelated(entry, keyed))
    .sort((a, b) => distance(a, step) - distance(b, step));
  const { cause, others, nearest } = explainMiss(keyed, { earlier: alike, events, degraded });
  if (isNew(cause, nearest, { step, steps, earlier }))
    return { step, key, cause: { type: 'new-step' }, others: [], nearest: undefined };
  return { step, key, cause, others, nearest };
}

/** Caches hold the entries of many projects: one of another project would explain nothing. */
function isRelated({ name, inputs }: EarlierStep, { inputs: own }: KeyedStep): boolean {
  if (name !== undefined) return true;
  const hashes = new Map(inputs.map((input) => [input.name, input.hash]));
  const isEqual = (input: string) => own.some(({ name: other, hash }) => other === input && hashes.get(input) === hash);
  if (['parent', 'instruction', 'content', 'path'].some(isEqual)) return true;
  return isEqual('destination') && own.some((input) => input.name.startsWith('file:') && hashes.has(input.name));
}

/** The same place in the Dockerfile first, then the same stage: of entries that differ in as much, the first counts. */
function distance({ step: other }: EarlierStep, { stage, index }: StepInfo): number {
  if (other?.stage !== stage) return 2;
  return other.index === index ? 0 : 1;
}

/** What was met at the entry itself, and not found by a comparison. */
const MET: ReadonlySet<MissCause['type']> = new Set([
  'expired',
  'evicted',
  'corrupt',
  'untrusted',
  'unreadable',
  'unreachable',
]);

/** What looks like a changed step is another one when the earlier one is still there. */
function isNew(
  cause: MissCause,
  nearest: EarlierStep | undefined,
  { step, steps, earlier }: Pick<Evidence, 'steps' | 'earlier'> & Pick<KeyedStep, 'step'>,
): boolean {
  if (cause.type === 'first-build') return earlier.length > 0;
  if (MET.has(cause.type) || nearest?.name === undefined || nearest.name === step.name) return false;
  return steps.some((other) => other.step.name === nearest.name);
}
