import type { Descriptor, ImageStore } from '@shale/core';
import { describeManifest, formatManifest, MediaType } from '@shale/core';
import { type LayerFiles, makeTar, putBytes } from './make-image.ts';

export interface PublishFeatureOptions {
  /** The devcontainer-feature.json. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** @default an install.sh that does nothing */
  readonly files?: LayerFiles | undefined;
  /** @default the version, its major and minor part, and `latest` */
  readonly tags?: readonly string[] | undefined;
  /** Repeats the metadata in the manifest, as publishing tools do. @default true */
  readonly annotated?: boolean | undefined;
}

/**
 * Puts a feature of a dev container into a repository, as `devcontainer features publish` does.
 * @returns The descriptor of its manifest.
 */
export async function publishFeature(store: ImageStore, options: PublishFeatureOptions): Promise<Descriptor> {
  const { metadata, files = { 'install.sh': 'true\n' }, annotated = true } = options;
  const named = { 'devcontainer-feature.json': JSON.stringify(metadata), ...files };
  const tar = await makeTar(Object.fromEntries(Object.entries(named).map(([name, content]) => [`./${name}`, content])));
  const manifest = formatManifest({
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: await putBytes(store, 'application/vnd.devcontainers', Buffer.from('{}')),
    layers: [await putBytes(store, 'application/vnd.devcontainers.layer.v1+tar', tar)],
    ...(annotated && { annotations: { 'dev.containers.metadata': JSON.stringify(metadata) } }),
  });
  for (const tag of options.tags ?? tagsOf(String(metadata['version'] ?? '1.0.0'))) {
    await store.putManifest(tag, manifest);
  }
  return describeManifest(manifest);
}

/** `1.2.3` to `1`, `1.2`, `1.2.3` and `latest`. */
function tagsOf(version: string): readonly string[] {
  const parts = version.split('.');
  return [...parts.map((_, index) => parts.slice(0, index + 1).join('.')), 'latest'];
}
