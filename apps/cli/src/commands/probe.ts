import { type KeyedStep, probe } from '@shale/builder';
import { type Digest, digestHex, ShaleError } from '@shale/core';
import type { StepExplanation } from '@shale/explain';
import { BuildJournal } from '@shale/explain/journal';
import { noticeListener } from '../render/notices.ts';
import { stepLabel } from '../render/build-view.ts';
import { escapeControls } from '../terminal/escape.ts';
import { formatAge } from '../terminal/format.ts';
import { type Palette, palette } from '../terminal/palette.ts';
import { UsageError } from '../errors/usage-error.ts';
import { columnsOf, padColumns } from '../terminal/width.ts';
import { parseCacheRepository, stateCache } from '@shale/wiring';
import { type WiredBuild, wireBuild } from '../wire/wire-build.ts';
import { buildIdentity } from './build-identity.ts';
import type { Invocation } from '../spec/command-spec.ts';
import type { probeOptions } from './probe-command.ts';
import { refuseOffline } from './refuse-offline.ts';

type ProbeInvocation = Invocation<typeof probeOptions>;

/** Something of the image is not cached, or the image was never pushed. */
class ProbeMissError extends ShaleError {
  readonly code = 'PROBE_MISS';
}

/** A step of the image, and where its layer is or why it is missing. */
interface Finding {
  readonly keyed: KeyedStep;
  readonly cause: StepExplanation['cause'] | undefined;
  readonly reason: string | undefined;
}

/** As whom it speaks: scripts look for envbuilder's words. */
type Voice = 'shale' | 'envbuilder';

/** `shale probe`: the table on stderr, the one line for scripts on stdout. Nothing is run, unpacked or downloaded. */
export async function runProbe(invocation: ProbeInvocation, voice: Voice = 'shale'): Promise<void> {
  const { options, stdout, stderr, env } = invocation;
  const pushedTo = options.cacheRepo ?? options.cacheFrom[0];
  if (pushedTo !== undefined) refuseOffline(options, `a look at ${pushedTo}`);
  const journal = new BuildJournal();
  await using wired = await wireBuild(invocation, {
    reproducible: true,
    checkLayers: true,
    onCacheEvent: journal.onCacheEvent,
    onProgress: journal.watch(warningListener(invocation)),
  });
  if (wired.platforms.length > 1)
    throw new UsageError('shale probe takes one platform', { hint: 'Probe each platform on its own.' });
  const { steps, image } = await probe({ ...wired.options, onKeyed: journal.onKeyed });
  const inImage = new Set(steps.filter((step) => step.inImage).map(({ key }) => key));
  const findings = (await findAll(journal, wired, invocation)).filter(({ keyed }) => inImage.has(keyed.key));
  const digest = image?.manifest.digest;
  if (!options.json) stderr.write(formatFindings(findings, palette(stderr, env)));
  const failure = digest === undefined ? missOf(findings, voice) : await notPushed(digest, wired);
  const repository = pushedTo === undefined ? undefined : repositoryName(pushedTo);
  if (options.json) {
    const report = { digest, pushed: failure === undefined, repository, steps: findings.map(reportOf) };
    stdout.write(`${JSON.stringify(report)}\n`);
  }
  if (failure !== undefined) throw failure;
  if (!options.json)
    stdout.write(repository === undefined ? `${digest}\n` : `ENVBUILDER_CACHED_IMAGE=${repository}@${digest}\n`);
}

function warningListener({ stderr, env }: ProbeInvocation) {
  const { warning } = palette(stderr, env);
  const warn = (text: string) => stderr.write(`${warning('warning:')} ${text}\n`);
  return noticeListener(warn);
}

async function findAll(
  journal: BuildJournal,
  wired: WiredBuild,
  invocation: ProbeInvocation,
): Promise<readonly Finding[]> {
  const { steps } = journal;
  const missed = steps.filter(({ hit }) => hit === undefined);
  if (missed.length === 0) return steps.map((keyed) => ({ keyed, cause: undefined, reason: undefined }));
  const [{ explainMissed }, { describeExplanation }] = await Promise.all([
    import('@shale/explain'),
    import('../render/describe-cause.ts'),
  ]);
  const { stateDir, options } = wired;
  const explained = explainMissed(journal, missed, {
    directory: stateCache(stateDir).root,
    build: buildIdentity(options, invocation),
  });
  const byKey = new Map(explained.map((explanation) => [explanation.key, explanation]));
  return steps.map((keyed) => {
    const explanation = byKey.get(keyed.key);
    if (explanation === undefined) return { keyed, cause: undefined, reason: undefined };
    const reason = describeExplanation(explanation, { inputs: keyed.inputs, showValues: false });
    return { keyed, cause: explanation.cause, reason };
  });
}

function reportOf({ keyed: { step, key, hit }, cause, reason }: Finding): object {
  const { builder, created } = hit?.record ?? {};
  const isHit = hit !== undefined;
  return {
    step,
    key,
    hit: isHit,
    ...(isHit ? { origin: hit.origin, builder, created } : { cause: cause?.type, reason }),
  };
}

function missOf(findings: readonly Finding[], voice: Voice): ProbeMissError {
  const first = findings.find(({ keyed }) => keyed.hit === undefined);
  if (first === undefined) throw new Error('a step of the image is missing, and none is');
  const { keyed, reason } = first;
  const { step } = keyed;
  const where = step.place === undefined ? '' : ` (${step.place.file}:${step.place.line})`;
  const what = `${stepLabel(step)} ${step.name}${where} is not cached: ${reason}`;
  const [keyword] = step.name.split(/\s/, 1);
  const words = `error probing build cache: uncached ${keyword} command is not supported in cache probe mode`;
  return new ProbeMissError(voice === 'envbuilder' ? `${words}: ${what}` : what, {
    hint: 'Build once with --push-image; `shale explain` tells more of what changed.',
  });
}

/** An image that would be built, but that nobody has pushed, does not exist. */
async function notPushed(
  digest: Digest,
  { cacheClient, cacheRepositories, options: { signal } }: WiredBuild,
): Promise<ProbeMissError | undefined> {
  const [repository] = cacheRepositories;
  if (repository === undefined) return undefined;
  const store = cacheClient.repository(repository);
  if (await store.holdsManifest(digest, { signal })) return undefined;
  return new ProbeMissError(`Every step is cached, but ${store.name} has no image ${digest}`, {
    hint: 'Push it once: shale build --push-image.',
  });
}

function repositoryName(text: string): string {
  const { registry, repository } = parseCacheRepository(text);
  return `${registry}/${repository}`;
}

const MAX_NAME_COLUMNS = 60;

function formatFindings(findings: readonly Finding[], { good, warning, dim }: Palette): string {
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(columnsOf));
  const labels = widest(findings.map(({ keyed }) => stepLabel(keyed.step)));
  const names = Math.min(MAX_NAME_COLUMNS, widest(findings.map(({ keyed }) => keyed.step.name)));
  return findings
    .map(({ keyed: { step, key, hit }, reason }) => {
      const mark = hit === undefined ? warning('MISS') : good('hit ');
      const label = dim(padColumns(escapeControls(stepLabel(step)), labels));
      const note = hit === undefined ? warning(escapeControls(reason ?? '')) : dim(hitNote(key, hit));
      return `${mark}  ${label}  ${padColumns(escapeControls(step.name), names)}  ${note}\n`;
    })
    .join('');
}

function hitNote(key: Digest, { origin, record }: NonNullable<KeyedStep['hit']>): string {
  const age = formatAge(Date.now() - record.created.getTime());
  return escapeControls(`${digestHex(key).slice(0, 12)}  ${origin ?? 'cache'}, made by ${record.builder} ${age} ago`);
}
