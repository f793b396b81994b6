import { type KeyedStep, probe } from '@shale/builder';
import { ShaleError } from '@shale/core';
import { BuildJournal } from '../explain/build-journal.ts';
import { buildIdentity } from '../explain/build-identity.ts';
import { earlierEntries } from '../explain/earlier-entries.ts';
import { explainSteps, type StepExplanation } from '../explain/explain-steps.ts';
import { openTrails } from '../explain/open-trails.ts';
import { earlierSteps, parseNote } from '../explain/last-build.ts';
import {
  type ExplainedStep,
  explanationReport,
  formatExplanations,
  isFirstBuild,
} from '../explain/show-explanations.ts';
import { describeDegraded, describeWarning } from '../render/degraded.ts';
import { progressListener } from '../render/renderer.ts';
import { countOf, formatAge } from '../terminal/format.ts';
import { palette } from '../terminal/palette.ts';
import { UsageError } from '../usage-error.ts';
import { stateDirectory } from '../wire/state-directory.ts';
import { type WiredBuild, wireBuild } from '../wire/wire-build.ts';
import type { Invocation } from './command.ts';
import type { explainOptions } from './explain-command.ts';

type ExplainInvocation = Invocation<typeof explainOptions>;

/** `shale explain`. */
export async function runExplain(invocation: ExplainInvocation): Promise<void> {
  const argument = invocation.args[0] ?? (invocation.env['ENVBUILDER_BUILD_CONTEXT_PATH'] || undefined);
  if (argument === undefined) explainLastBuild(invocation);
  else await explainPlan(invocation);
}

class NoBuildError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

function explainLastBuild(invocation: ExplainInvocation): void {
  const trails = openTrails({ stateDir: stateDirectory(invocation.options.stateDir, invocation) });
  const last = trails.last();
  if (last === undefined)
    throw new NoBuildError('Nothing was built here', { hint: 'Name a context: shale explain DIR.' });
  const entries = trails.read(last.build);
  const noted = parseNote(last, entries);
  const misses = noted.misses.map((explanation): ExplainedStep => {
    const own = entries.find(({ key }) => key === explanation.key);
    return { explanation, inputs: own?.inputs ?? [], values: own?.values };
  });
  const when = `${formatAge(Date.now() - last.ended.getTime())} ago`;
  const summary =
    misses.length === 0
      ? `Every step of the last build was cached (${last.build}, ${when})`
      : `${misses.length} of ${countOf(noted.steps, 'step')} ran in the last build (${last.build}, ${when})`;
  show(invocation, { build: last.build, ended: last.ended }, { misses, hits: [], summary });
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
  const build = buildIdentity(wired.options, invocation);
  const explanations = await explanationsOf(journal, wired, invocation, build);
  const keyed = new Map(steps.map((step) => [step.step.id, step]));
  const misses = explanations.map((explanation): ExplainedStep => {
    const { inputs, values } = keyed.get(explanation.step.id) as KeyedStep;
    return { explanation, inputs, values: values() };
  });
  const hits = steps.filter(({ hit }) => hit !== undefined);
  const summary =
    misses.length === 0
      ? `Every step is cached; shale explain without a directory tells of the last build`
      : `${misses.length} of ${countOf(steps.length, 'step')} would run`;
  show(invocation, { build }, { misses, hits, summary });
}

/** By the trails of this machine; where those know nothing, by what the caches hold. */
async function explanationsOf(
  { steps, events, degraded }: BuildJournal,
  wired: WiredBuild,
  invocation: ExplainInvocation,
  build: string,
): Promise<readonly StepExplanation[]> {
  const missed = steps.filter(({ hit }) => hit === undefined);
  const earlier = earlierSteps(openTrails(wired).read(build));
  const explained = explainSteps(missed, { steps, earlier, events, degraded });
  if (!explained.some(({ cause }) => cause.type === 'first-build' || cause.type === 'new-step')) return explained;
  const entries = await earlierEntries(wired, invocation).catch((error: unknown) => {
    invocation.signal.throwIfAborted();
    if (degraded.length === 0) throw error;
    return []; // what could not be asked was told of already
  });
  const all = { steps, earlier: [...earlier, ...entries], events, degraded };
  const again = explainSteps(missed, all);
  return explained.map((one, index) =>
    one.cause.type === 'first-build' || one.cause.type === 'new-step' ? (again[index] ?? one) : one,
  );
}

function warnings({ stderr, env }: ExplainInvocation) {
  const colours = palette(stderr, env);
  const warn = (text: string) => stderr.write(`${colours.warning('warning:')} ${text}\n`);
  return progressListener({
    'cache.degraded': (event) => warn(describeDegraded(event)),
    warning: (event) => warn(describeWarning(event)),
  });
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
