import { messageOf } from '@shale/core';
import type { StepReport } from '@shale/builder';
import type { CacheEvent } from '@shale/cache';
import type { StepExplanation } from '@shale/explain';
import { describeExplanation } from '../render/describe-cause.ts';
import type { BuildRecord } from './build.ts';

/** Of the report's format: a field may be added in it, none changes its meaning. */
const VERSION = 1;

/** The keys that `docker buildx` writes, and below `shale` how each step came to its layer. */
export function formatMetadata(build: BuildRecord, names: readonly string[]): object {
  const { top, config } = build;
  return {
    ...(config !== undefined && { 'containerimage.config.digest': config.digest }),
    'containerimage.descriptor': top,
    'containerimage.digest': top.digest,
    ...(names.length > 0 && { 'image.name': names.join(',') }),
    shale: { version: VERSION, steps: stepsOf(build) },
  };
}

/** What a build did: for dashboards, and for who asks why it was slow. */
export function formatReport(build: BuildRecord, names: readonly string[], shale: string): object {
  const { top, steps, journal, totals, pushed, durationMs } = build;
  const cached = steps.filter(({ outcome }) => outcome === 'cached');
  return {
    version: VERSION,
    shale,
    digest: top.digest,
    names,
    pushed,
    ended: new Date(),
    durationMs,
    savedMs: steps.reduce((sum, { savedMs = 0 }) => sum + savedMs, 0),
    cache: {
      hits: cached.length,
      misses: steps.length - cached.length,
      missesByCause: countBy(build.explanations.map(({ cause }) => cause.type)),
      hitBytes: cached.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      storedEntries: totals.stored.entries,
      storedBytes: totals.stored.bytes,
      events: countBy(journal.events.map(({ type }) => type)),
      degraded: journal.degraded.map(({ backend, error }) => ({ backend, reason: messageOf(error) })),
      nonDeterministic: journal.events.flatMap((event) => nonDeterministicStep(event, build)),
    },
    pulledBytes: totals.tally.bytes('pull'),
    pushedBytes: totals.tally.bytes('push'),
    steps: stepsOf(build),
  };
}

function stepsOf({ steps, explanations, journal }: BuildRecord): readonly object[] {
  const reasons = new Map(explanations.map((explanation) => [explanation.key, explanation]));
  const keyed = new Map(journal.steps.map((step) => [step.key, step]));
  return steps.map((report) => {
    const explanation = report.outcome === 'ran' ? reasons.get(report.key) : undefined;
    return stepOf(report, explanation, keyed.get(report.key)?.inputs ?? []);
  });
}

function stepOf(
  { step, key, outcome, origin, durationMs, builder, created, savedMs, layer, sizeBytes }: StepReport,
  miss: StepExplanation | undefined,
  inputs: Parameters<typeof describeExplanation>[1]['inputs'],
): object {
  return {
    stage: step.stage,
    index: step.index,
    name: step.name,
    line: step.place?.line,
    key,
    outcome,
    ...(outcome === 'cached' && { origin, builder, created, savedMs }),
    ...(miss !== undefined && {
      cause: miss.cause.type,
      reason: describeExplanation(miss, { inputs, showValues: false }),
    }),
    durationMs,
    layer,
    sizeBytes,
  };
}

function nonDeterministicStep(event: CacheEvent, { steps }: BuildRecord): readonly object[] {
  if (event.type !== 'non-deterministic') return [];
  const { key, kept, offered, backend } = event;
  return [{ name: steps.find((step) => step.key === key)?.step.name, key, backend, kept, offered }];
}

function countBy(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
