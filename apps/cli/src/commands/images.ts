import { type Digest, formatPlatform, type Image } from '@shale/core';
import { type IndexedImages, loadIndexed, openLayout } from '@shale/registry';
import { formatBytes } from '../terminal/format.ts';
import { palette } from '../terminal/palette.ts';
import { formatTable } from '../terminal/table.ts';
import { stateDirectory } from '../wire/state-directory.ts';
import type { Invocation } from '../spec/command-spec.ts';
import type { imagesOptions } from './images-command.ts';

interface ListedImage {
  readonly name: string;
  readonly digest: Digest;
  readonly created: string | undefined;
  readonly sizeBytes: number;
  /** Of an index, each of its images'; of an image, its own. */
  readonly platforms: readonly string[];
}

/** `shale images`. */
export async function runImages(invocation: Invocation<typeof imagesOptions>): Promise<void> {
  const { options, stdout, env, signal } = invocation;
  const stateDir = stateDirectory(options.stateDir, invocation);
  const images: ListedImage[] = [];
  const layout = openLayout(stateDir);
  for await (const name of layout.listTags({ signal })) {
    const image = await loadIndexed(layout, name, { origin: { source: 'layout', name }, signal });
    if (image !== undefined) images.push(listed(name, image));
  }
  images.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (options.json) return void stdout.write(`${JSON.stringify(images)}\n`);
  const rows = images.map(({ name, digest, created = '', sizeBytes, platforms }) => [
    name,
    digest.slice(0, 19),
    created,
    formatBytes(sizeBytes),
    platforms.join(','),
  ]);
  stdout.write(formatTable(['NAME', 'DIGEST', 'CREATED', 'SIZE', 'PLATFORM'], rows, palette(stdout, env)));
}

function listed(name: string, source: Image | IndexedImages): ListedImage {
  const images = 'images' in source ? source.images : [source];
  const { digest } = 'images' in source ? source.index : source.manifest;
  const sizes = new Map(
    images
      .flatMap(({ layers, configDescriptor }) => [...layers.map(({ descriptor }) => descriptor), configDescriptor])
      .map((blob) => [blob.digest, blob.size]),
  );
  return {
    name,
    digest,
    created: images[0]?.config.created,
    sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    platforms: images.map(({ config }) => formatPlatform(config)),
  };
}
