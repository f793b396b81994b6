import { probe, type ProbedStep } from '@shale/builder';
import type { CacheEvent } from '@shale/cache';
import { type Digest, digestHex, ShaleError } from '@shale/core';
import { describeDegraded, describeWarning } from '../render/degraded.ts';
import { stepLabel } from '../render/build-view.ts';
import { progressListener } from '../render/renderer.ts';
import { escapeControls } from '../terminal/escape.ts';
import { type Palette, palette } from '../terminal/palette.ts';
import { UsageError } from '../usage-error.ts';
import { columnsOf, padColumns } from '../terminal/width.ts';
import { cacheRepository } from '../wire/cache.ts';
import { type WiredBuild, wireBuild } from '../wire/wire-build.ts';
import type { Invocation } from './command.ts';
import { describeCacheEvent } from './describe-cache-event.ts';
import type { probeOptions } from './probe-command.ts';

type ProbeInvocation = Invocation<typeof probeOptions>;

/** Something of the image is not cached, or the image was never pushed. */
class ProbeMissError extends ShaleError {
  readonly code = 'PROBE_MISS';
}

/** A step, and why it missed. */
interface Finding {
  readonly step: ProbedStep['step'];
  readonly key: Digest;
  readonly hit: boolean;
  readonly reason: string | undefined;
}

/** `shale probe`: the table on stderr, the one line for scripts on stdout. Nothing is run, unpacked or downloaded. */
export async function runProbe(invocation: ProbeInvocation): Promise<void> {
  const { options, env, stdout, stderr } = invocation;
  const colours = palette(stderr, env);
  const events: CacheEvent[] = [];
  const warn = (text: string) => stderr.write(`${colours.warning('warning:')} ${text}\n`);
  await using wired = await wireBuild(invocation, {
    reproducible: true,
    checkLayers: true,
    onCacheEvent: (event) => events.push(event),
    onProgress: progressListener({
      'cache.degraded': (event) => warn(describeDegraded(event)),
      warning: (event) => warn(describeWarning(event)),
    }),
  });
  if (wired.platforms.length > 1)
    throw new UsageError('shale probe takes one platform', { hint: 'Probe each platform on its own.' });
  const { steps, image } = await probe(wired.options);
  const findings = steps.filter(({ inImage }) => inImage).map((step) => findingOf(step, events));
  const digest = image?.manifest.digest;
  if (!options.json) stderr.write(formatFindings(findings, colours));
  const failure = digest === undefined ? missOf(findings) : await notPushed(digest, wired);
  const repository = options.cacheRepo === undefined ? undefined : repositoryName(options.cacheRepo);
  if (options.json)
    stdout.write(`${JSON.stringify({ digest, pushed: failure === undefined, repository, steps: findings })}\n`);
  if (failure !== undefined) throw failure;
  if (!options.json)
    stdout.write(repository === undefined ? `${digest}\n` : `ENVBUILDER_CACHED_IMAGE=${repository}@${digest}\n`);
}

function findingOf({ step, key, hit }: ProbedStep, events: readonly CacheEvent[]): Finding {
  if (hit !== undefined) return { step, key, hit: true, reason: undefined };
  const event = events.findLast((candidate) => 'key' in candidate && candidate.key === key);
  return { step, key, hit: false, reason: event === undefined ? 'not in the cache' : describeCacheEvent(event) };
}

function missOf(findings: readonly Finding[]): ProbeMissError {
  const first = findings.find(({ hit }) => !hit);
  if (first === undefined) throw new Error('a step of the image is missing, and none is');
  const { step, reason } = first;
  const where = step.place === undefined ? '' : ` (${step.place.file}:${step.place.line})`;
  return new ProbeMissError(`${stepLabel(step)} ${step.name}${where} is missing: ${reason}`, {
    hint: 'Build once with --push-image; `shale explain` tells what changed.',
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
  const { registry, repository } = cacheRepository(text);
  return `${registry}/${repository}`;
}

function formatFindings(findings: readonly Finding[], { good, warning, dim }: Palette): string {
  const width = Math.max(0, ...findings.map(({ step }) => columnsOf(stepLabel(step))));
  return findings
    .map(({ step, key, hit, reason }) => {
      const mark = hit ? good('hit ') : warning('MISS');
      const label = dim(padColumns(escapeControls(stepLabel(step)), width));
      const note = reason === undefined ? dim(digestHex(key).slice(0, 12)) : warning(escapeControls(reason));
      return `${mark}  ${label}  ${escapeControls(step.name)}  ${note}\n`;
    })
    .join('');
}
