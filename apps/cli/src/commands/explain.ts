import { resolve } from 'node:path';
import { type KeyedStep, probe } from '@shale/builder';
import { ShaleError } from '@shale/core';
import { earlierEntries, type EarlierStep, type ExplainedStep, explainLastBuild, explainProbe } from '@shale/explain';
import { BuildJournal } from '@shale/explain/journal';
import { stateCache } from '@shale/wiring';
import { noticeListener } from '../render/notices.ts';
import { explanationReport, formatExplanations, isFirstBuild } from '../render/explanations.ts';
import { countOf, formatAge } from '../terminal/format.ts';
import { palette } from '../terminal/palette.ts';
import { UsageError } from '../errors/usage-error.ts';
import { stateDirectory } from '../wire/state-directory.ts';
import { type WiredBuild, wireBuild } from '../wire/wire-build.ts';
import { buildIdentity } from './build-identity.ts';
import type { Invocation } from '../spec/command-spec.ts';
import type { explainOptions } from './explain-command.ts';

type ExplainInvocation = Invocation<typeof explainOptions>;

/** `shale explain`. */
export async function runExplain(invocation: ExplainInvocation): Promise<void> {
  const argument = invocation.args[0] ?? (invocation.env['ENVBUILDER_BUILD_CONTEXT_PATH'] || undefined);
  if (argument === undefined) explainLast(invocation);
  else await explainPlan(invocation);
}

class NoBuildError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

function explainLast(invocation: ExplainInvocation): void {
  const stateDir = stateDirectory(invocation.options.stateDir, invocation);
  const last = explainLastBuild({ directory: stateCache(stateDir).root });
  if (last === undefined)
    throw new NoBuildError('Nothing was built here', { hint: 'Name a context: shale explain DIR.' });
  const { build, ended, steps, misses } = last;
  const when = `${formatAge(Date.now() - ended.getTime())} ago`;
  const summary =
    misses.length === 0
      ? `Every step of the last build was cached (${build}, ${when})`
      : `${misses.length} of ${countOf(steps, 'step')} ran in the last build (${build}, ${when})`;
  show(invocation, { build, ended }, { misses, hits: [], summary });
}

async function explainPlan(invocation: ExplainInvocation): Promise<void> {
  const journal = new BuildJournal();
  await using wired = await wireBuild(invocation, {
    checkLayers: true,
    onCacheEvent: journal.onCacheEvent,
    onProgress: journal.watch(warnings(invocation)),
  });
  if (wired.platforms.length > 1)
    throw new UsageError('shale explain takes one platform', { hint: 'Explain each platform on its own.' });
  await probe({ ...wired.options, onKeyed: journal.onKeyed });
  const { steps } = journal;
  const { signal } = invocation;
  const build = buildIdentity(wired.options, invocation);
  const misses = await explainProbe(journal, {
    directory: stateCache(wired.stateDir).root,
    build,
    readEntries: () => readEntries(wired, invocation),
    signal,
  });
  const hits = steps.filter(({ hit }) => hit !== undefined);
  const summary =
    misses.length === 0
      ? `Every step is cached; shale explain without a directory tells of the last build`
      : `${misses.length} of ${countOf(steps.length, 'step')} would run`;
  show(invocation, { build }, { misses, hits, summary });
}

function readEntries(
  { cacheClient, cacheRepositories, stateDir }: WiredBuild,
  { options, cwd, signal }: ExplainInvocation,
): Promise<readonly EarlierStep[]> {
  const { offline, layerCacheDir } = options;
  return earlierEntries({
    stores: offline ? [] : cacheRepositories.map((repository) => cacheClient.repository(repository)),
    directory: layerCacheDir === undefined ? stateCache(stateDir) : { root: resolve(cwd, layerCacheDir) },
    signal,
  });
}

function warnings({ stderr, env }: ExplainInvocation) {
  const colours = palette(stderr, env);
  const warn = (text: string) => stderr.write(`${colours.warning('warning:')} ${text}\n`);
  return noticeListener(warn);
}

interface Shown {
  readonly misses: readonly ExplainedStep[];
  readonly hits: readonly KeyedStep[];
  readonly summary: string;
}

function show(
  { options, stdout, stderr, env }: ExplainInvocation,
  head: object,
  { misses, hits, summary }: Shown,
): void {
  const { showValues, verbose } = options;
  if (options.json) {
    const steps = misses.map((miss) => explanationReport(miss, { showValues }));
    return void stdout.write(`${JSON.stringify({ ...head, misses: steps, hits: hits.length })}\n`);
  }
  stdout.write(formatExplanations(misses, { showValues, verbose, palette: palette(stdout, env) }));
  stderr.write(isFirstBuild(misses) ? `${summary}: no earlier build of them is known here\n` : `${summary}\n`);
}
