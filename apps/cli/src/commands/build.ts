import { build, type BuildOptions, buildIndex, locateDockerfileError, type StepReport } from '@shale/builder';
import {
  type Descriptor,
  describeManifest,
  parseReference,
  type Platform,
  type ProgressListener,
  hostPlatform,
  monotonicMs,
} from '@shale/core';
import type { StepExplanation } from '@shale/explain';
import { BuildJournal, cacheWarnings, keepTrails } from '@shale/explain/journal';
import { startBuildChecks } from '@shale/builder/checks';
import { checkOutputs, describeOutput, exporterFor, type ExporterWiring, type Output, stateCache } from '@shale/wiring';
import type { OptionValues } from '../options/option.ts';
import { parseOutput, wantsDockerTypes } from '../options/output.ts';
import { openRenderer, type ProgressMode } from '../render/open-renderer.ts';
import { UsageError } from '../errors/usage-error.ts';
import { takeOwnNamespaces } from '../wire/own-namespaces.ts';
import { parsePlatforms } from '../wire/platforms.ts';
import { type ExecutionWishes, wireBuild } from '../wire/wire-build.ts';
import type { buildOptions } from './build-command.ts';
import { buildIdentity } from './build-identity.ts';
import { BuildTotals } from './build-totals.ts';
import type { Invocation } from '../spec/command-spec.ts';
import { pushImage } from './push-image.ts';
import { refuseOffline } from './refuse-offline.ts';
import { writeResults } from './write-results.ts';

export type BuildInvocation = Invocation<typeof buildOptions>;

/** `shale build`. */
export async function runBuild(invocation: BuildInvocation): Promise<void> {
  const { options, stdout } = invocation;
  if (options.getCachedImage)
    return (await import('./probe.ts')).runProbe({ ...invocation, options: { ...options, json: false } }, 'envbuilder');
  if (options.check || options.call !== undefined) {
    const format = options.call === 'check-json' ? 'json' : 'text';
    return (await import('./check.ts')).runCheck({ ...invocation, options: { ...options, format } });
  }
  await takeOwnNamespaces({ ...invocation, ...options });
  const outputs = outputsOf(options);
  if (options.pushImage && options.cacheRepo === undefined) {
    throw new UsageError('--cache-repo must be set when using --push-image');
  }
  if (options.pushImage || outputs.some(({ type }) => type === 'registry')) refuseOffline(options, 'a push');
  const platforms = indexedPlatforms(options);
  await checkOutputs(outputs, { ...invocation, isIndex: platforms.length > 0 });
  using renderer = await openRenderer(progressMode(options), invocation);
  const { onProgress } = renderer;
  const result = await buildAndExport(invocation, { outputs, platforms, onProgress });
  const { top, steps, pushed } = result;
  await writeResults(result, invocation);
  renderer.finish({
    digest: top.digest,
    targets: [...outputs.map(describeOutput), ...pushed],
    savedMs: steps.reduce((sum, { savedMs = 0 }) => sum + savedMs, 0),
  });
  const isStdoutTaken = outputs.some((output) => 'dest' in output && output.dest === '-');
  if (options.quiet && !isStdoutTaken) stdout.write(`${top.digest}\n`);
}

function progressMode({ quiet, progress = 'auto' }: OptionValues<typeof buildOptions>): ProgressMode {
  return quiet ? 'quiet' : progress;
}

/** Several platforms make an index; one alone does with `BUILDKIT_MULTI_PLATFORM`. */
function indexedPlatforms({ platform, buildArg }: OptionValues<typeof buildOptions>): readonly Platform[] {
  const platforms = parsePlatforms(platform);
  if (platforms.length > 1) return platforms;
  const isWanted = /^(?:1|t|true)$/i.test(buildArg['BUILDKIT_MULTI_PLATFORM'] ?? '');
  return isWanted ? [platforms[0] ?? hostPlatform()] : [];
}

interface Wishes {
  readonly outputs: readonly Output[];
  /** Of an index; none for one image. */
  readonly platforms: readonly Platform[];
  readonly onProgress: ProgressListener;
}

/** What a build came to, for one platform or several. */
export interface BuildSummary {
  /** The image's manifest, or the index of the images. */
  readonly top: Descriptor;
  /** Of an image. */
  readonly config: Descriptor | undefined;
  readonly steps: readonly StepReport[];
}

/** With what reports tell of it. */
export interface BuildRecord extends BuildSummary {
  readonly journal: BuildJournal;
  readonly totals: BuildTotals;
  /** Why steps ran. */
  readonly explanations: readonly StepExplanation[];
  readonly durationMs: number;
  readonly pushed: readonly string[];
}

async function buildAndExport(
  invocation: BuildInvocation,
  { outputs, platforms, ...wishes }: Wishes,
): Promise<BuildRecord> {
  const { options, cwd, stdout } = invocation;
  const journal = new BuildJournal();
  const totals = new BuildTotals();
  const started = monotonicMs();
  const onProgress = journal.watch(totals.watch(wishes.onProgress));
  const warn = cacheWarnings(journal, onProgress);
  await using wired = await wireBuild(invocation, {
    onProgress,
    onCacheEvent: (event) => {
      journal.onCacheEvent(event);
      warn(event);
    },
    reproducible: options.pushImage,
    execution: executionWishes(options),
  });
  journal.isReproducible = wired.options.sourceDateEpoch !== undefined;
  const { client, stateDir, cacheRepositories: mountFrom } = wired;
  const wiring: ExporterWiring = {
    client,
    stateDir,
    cwd,
    stdout,
    mountFrom,
    isolation: wired.options.isolation,
    onProgress,
  };
  const pushing = options.pushImage ? pushImage(options, wiring) : undefined;
  const exporters = [
    ...outputs.map((output) => exporterFor(output, wiring)),
    ...(pushing === undefined ? [] : [pushing.exporter]),
  ];
  const mediaTypes = wantsDockerTypes(options.output) ? 'docker' : 'oci';
  const withJournal = { ...wired.options, exporters, mediaTypes, onKeyed: journal.onKeyed } as const;
  const isShown = progressMode(options) !== 'quiet';
  const checks = startBuildChecks(withJournal, { platforms: wired.platforms, onProgress, isShown });
  const checked = { ...withJournal, ...checks.options };
  const trails = { directory: stateCache(stateDir).root, build: buildIdentity(wired.options, invocation) };
  try {
    const result = platforms.length > 0 ? await buildAll(checked, platforms) : await buildOne(checked);
    const explanations = await keepTrails(journal, trails);
    await Promise.all([wired.settle(), checks.report()]);
    const durationMs = Math.round(monotonicMs() - started);
    return { ...result, journal, totals, explanations, durationMs, pushed: pushing?.pushed() ?? [] };
  } catch (error) {
    await Promise.all([keepTrails(journal, trails), checks.report()]).catch(() => undefined); // the build's own error matters more
    throw locateDockerfileError(error, wired.options.dockerfile);
  }
}

async function buildOne(options: BuildOptions): Promise<BuildSummary> {
  const { image, steps } = await build(options);
  return { top: describeManifest(image.manifest), config: image.configDescriptor, steps };
}

async function buildAll(options: BuildOptions, platforms: readonly Platform[]): Promise<BuildSummary> {
  const { index, steps } = await buildIndex({ ...options, platforms });
  return { top: describeManifest(index), config: undefined, steps };
}

function executionWishes(options: BuildInvocation['options']): ExecutionWishes {
  const { noCache, noCacheFilter, compression = 'gzip', compressionLevel: level, concurrency, isolation } = options;
  return {
    noCache: noCache || (noCacheFilter.length > 0 && noCacheFilter.flatMap((names) => names.split(','))),
    compression: { algorithm: compression, level },
    concurrency,
    requested: isolation,
  };
}

/** `--tag` names what `--output` writes; with `--push` it is pushed there, and with neither it is kept here. */
function outputsOf({ tag, output, push }: OptionValues<typeof buildOptions>): readonly Output[] {
  const tags = tag.map(parseReference);
  if (push && tags.length === 0 && output.length === 0)
    throw new UsageError('--push needs a --tag', { hint: 'Add --tag REF.' });
  const written = output.flatMap((text) => parseOutput(text, tags));
  if (push) return [...written.map(pushed), ...tags.map((name) => ({ type: 'registry', name }) as const)];
  return written.length > 0 ? written : tags.map((name) => ({ type: 'image', name }) as const);
}

function pushed(output: Output): Output {
  return output.type === 'image' ? { type: 'registry', name: output.name } : output;
}
