import { resolve } from 'node:path';
import { formatPlatform, formatReference, hintOf, messageOf, ShaleError } from '@shale/core';
import { RateLimit } from '@shale/registry';
import { warm, WarmFailedError, type WarmResult } from '@shale/warmer';
import { openRegistryClient } from '@shale/wiring';
import { REMEDIES } from '../errors/error-reference.ts';
import { parseSize } from '../options/size.ts';
import type { ProgressMode } from '../render/open-renderer.ts';
import { openWarmView } from '../render/warm-view.ts';
import { UsageError } from '../errors/usage-error.ts';
import { registrySettings } from '../wire/registry-settings.ts';
import { warmTargets } from '../wire/warm-targets.ts';
import type { Invocation } from '../spec/command-spec.ts';
import { refuseOffline } from './refuse-offline.ts';
import type { warmCommandOptions } from './warm-command.ts';

const KANIKO_TTL_MS = 336 * 3_600_000;

type WarmInvocation = Invocation<typeof warmCommandOptions>;

/** `shale warm`. Fails when one image could not be refreshed, though its last good copy stays. */
export async function runWarm(invocation: WarmInvocation): Promise<void> {
  const { options, env, cwd, signal, stdout } = invocation;
  refuseOffline(invocation.options, 'warming');
  const plan = await warmTargets(invocation);
  if (plan.length === 0) {
    throw new UsageError('There is no image to warm', {
      hint: 'Name some with --image, --dockerfile, --devcontainer, --git or --list.',
    });
  }
  const maxBytes = sizeOf(options.maxSize, '--max-size');
  const maxBytesPerSecond = sizeOf(options.maxBandwidth, '--max-bandwidth');
  const insecure = options.insecure || options.insecurePull || options.skipTlsVerifyPull;
  const settings = {
    ...registrySettings({ ...options, insecure }),
    rateLimit: maxBytesPerSecond === undefined ? undefined : new RateLimit(maxBytesPerSecond),
  };
  using view = await openWarmView(progressOf(invocation), invocation, { withTimes: options.logTimestamp });
  await using client = openRegistryClient(settings, { env, onProgress: view.onProgress });
  const results = await warm(plan, {
    directory: resolve(cwd, options.cacheDir ?? '/cache'),
    open: (reference) => client.repository(reference),
    form: options.format,
    ttlMs: options.cacheTtl === 0 ? undefined : (options.cacheTtl ?? KANIKO_TTL_MS),
    force: options.force,
    concurrency: options.concurrency,
    prune: options.prune,
    maxBytes,
    signal,
    onEvent: view.onEvent,
  });
  view[Symbol.dispose]();
  if (options.json) stdout.write(`${JSON.stringify({ images: results.map(reportOf) })}\n`);
  const failures = results.filter(({ error }) => error !== undefined);
  if (failures.length > 0) throw warmFailure(failures, results.length);
}

function progressOf({ options: { progress, verbosity, logFormat } }: WarmInvocation): ProgressMode {
  if (progress !== undefined) return progress;
  if (verbosity === 'panic' || verbosity === 'fatal' || verbosity === 'error') return 'quiet';
  return logFormat === 'json' ? 'json' : 'auto';
}

/** More than nothing: a rate of 0 would never end. */
function sizeOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseSize(text, { name });
  if (bytes > 0) return bytes;
  throw new UsageError(`${name} takes more than 0`);
}

function reportOf({ reference, platform, error, durationMs, ...result }: WarmResult): object {
  return {
    reference: formatReference(reference),
    platform: platform && formatPlatform(platform),
    ...result,
    durationMs: Math.round(durationMs),
    error: error === undefined ? undefined : messageOf(error),
    code: error instanceof ShaleError ? error.code : undefined,
  };
}

function warmFailure(failures: readonly WarmResult[], count: number): WarmFailedError {
  const [first] = failures;
  const kept = failures.filter(({ status }) => status === 'stale').length;
  const note = kept === 0 ? '' : `; the last good copy of ${kept} stays`;
  const hint = first?.error instanceof ShaleError ? hintOf(first.error, REMEDIES) : undefined;
  return new WarmFailedError(
    `${failures.length} of ${count} images could not be warmed${note}\n${messageOf(first?.error)}`,
    { hint, cause: first?.error },
  );
}
