import { type Platform, type RawManifest, streamOf } from '@shale/core';
import { describeManifest, formatManifest, ShaleError } from '@shale/core';
import { MEDIA_TYPES } from './assemble.ts';
import { BaseImages } from '../plan/base-images.ts';
import { buildStage, executePlan, planTarget, reportSteps } from './build.ts';
import type { BuildOptions, StepReport } from './build-options.ts';
import type { BuiltIndex, BuiltPlatform, Exporter } from '../exporters/exporter.ts';
import { warnOfFrontend } from '../plan/frontend.ts';
import { lookUp } from '../keys/look-up.ts';

export interface BuildIndexOptions extends Omit<BuildOptions, 'platform'> {
  /** The index has one image for each platform, in this order. */
  readonly platforms: readonly Platform[];
}

export interface BuildIndexResult extends BuiltIndex {
  /** A step that several platforms share is reported once. */
  readonly steps: readonly StepReport[];
}

/** The chosen exporter supports a single image, not an index. */
export class IndexNotExportableError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/**
 * Builds the target stage for several platforms at once, and an index of the images. Steps with the same key run once,
 * such as those of `FROM --platform=$BUILDPLATFORM` stages.
 * @throws {LocatedError} @throws {IndexNotExportableError}
 */
export async function buildIndex({ platforms, ...options }: BuildIndexOptions): Promise<BuildIndexResult> {
  const exporters = (options.exporters ?? []).map(indexExporter);
  const { onProgress = () => {}, images, signal } = options;
  warnOfFrontend(options);
  const bases = new BaseImages({ sources: images, onProgress, signal });
  const targets = await Promise.all(
    platforms.map(async (platform) => {
      const changes = { platform, bases, isPlatformImplicit: false, isPlatformNamed: true };
      return { platform, stage: await planTarget(options, changes) };
    }),
  );
  const stages = targets.map(({ stage }) => stage);
  const plan = await lookUp(stages, options);
  return executePlan({ ...plan, stages }, options, async (scheduler) => {
    const built = await Promise.all(
      targets.map(
        async ({ platform, stage }): Promise<BuiltPlatform> => ({
          platform,
          ...(await buildStage(stage, scheduler, options)),
        }),
      ),
    );
    const index = imageIndex(built, MEDIA_TYPES[options.mediaTypes ?? 'oci'].index);
    await options.store.put(describeManifest(index), () => streamOf(index.bytes));
    const result = { index, images: built };
    for (const exportIndex of exporters) await exportIndex(result, { signal });
    return { ...result, steps: await reportSteps(plan, scheduler) };
  });
}

function indexExporter(exporter: Exporter): NonNullable<Exporter['exportIndex']> {
  if (exporter.exportIndex === undefined) {
    throw new IndexNotExportableError('This output supports a single platform', {
      hint: 'Build each platform on its own.',
    });
  }
  return exporter.exportIndex.bind(exporter);
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
function imageIndex(built: readonly BuiltPlatform[], mediaType: string): RawManifest {
  return formatManifest({
    schemaVersion: 2,
    mediaType,
    manifests: built.map(({ image, platform }) => ({ ...describeManifest(image.manifest), platform })),
  });
}
