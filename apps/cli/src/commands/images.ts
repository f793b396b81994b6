import { type Digest, hostPlatform, type Image } from '@shale/core';
import { loadLayoutImage, openLayout } from '@shale/registry';
import { formatBytes } from '../terminal/format.ts';
import { palette } from '../terminal/palette.ts';
import { formatTable } from '../terminal/table.ts';
import { stateDirectory } from '../wire/state-directory.ts';
import type { Invocation } from './command.ts';
import type { imagesOptions } from './images-command.ts';

interface ListedImage {
  readonly name: string;
  readonly digest: Digest;
  readonly created: string | undefined;
  readonly sizeBytes: number;
}

/** `shale images`. */
export async function runImages(invocation: Invocation<typeof imagesOptions>): Promise<void> {
  const { options, stdout, env, signal } = invocation;
  const stateDir = stateDirectory(options.stateDir, invocation);
  const images: ListedImage[] = [];
  for await (const name of openLayout(stateDir).listTags({ signal })) {
    const image = await loadLayoutImage(stateDir, name, { platform: hostPlatform(), signal });
    if (image !== undefined) images.push(listed(name, image));
  }
  images.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (options.json) return void stdout.write(`${JSON.stringify(images)}\n`);
  const rows = images.map(({ name, digest, created = '', sizeBytes }) => [
    name,
    digest.slice(0, 19),
    created,
    formatBytes(sizeBytes),
  ]);
  stdout.write(formatTable(['NAME', 'DIGEST', 'CREATED', 'SIZE'], rows, palette(stdout, env)));
}

function listed(name: string, { manifest, config, layers, configDescriptor }: Image): ListedImage {
  const sizeBytes = layers.reduce((sum, { descriptor }) => sum + descriptor.size, configDescriptor.size);
  return { name, digest: manifest.digest, created: config.created, sizeBytes };
}
