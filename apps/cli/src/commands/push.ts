import { formatReference, type Image, type ImageStore, parseReference, type Reference, ShaleError } from '@shale/core';
import { copyImage, type IndexedImages, loadIndexed, openLayout } from '@shale/registry';
import { openRegistryClient } from '@shale/wiring';
import { openRenderer } from '../render/open-renderer.ts';
import { registrySettings } from '../wire/registry-settings.ts';
import { stateDirectory } from '../wire/state-directory.ts';
import type { Invocation } from '../spec/command-spec.ts';
import type { pushOptions } from './push-command.ts';
import { refuseOffline } from './refuse-offline.ts';

class ImageMissingError extends ShaleError {
  readonly code = 'BASE_IMAGE_MISSING';
}

/** `shale push`. */
export async function runPush(invocation: Invocation<typeof pushOptions>): Promise<void> {
  const { options, args, env, signal, stdout } = invocation;
  const name = parseReference(args[0] ?? '');
  const targets = options.to.length > 0 ? options.to.map(parseReference) : [name];
  refuseOffline(options, 'a push');
  const image = await findImage(name, invocation);
  const { digest } = 'images' in image ? image.index : image.manifest;
  using renderer = await openRenderer(options.quiet ? 'quiet' : (options.progress ?? 'auto'), invocation);
  const { onProgress } = renderer;
  await using client = openRegistryClient(registrySettings(options), { env, onProgress });
  for (const target of targets) {
    const store: ImageStore = client.repository(target);
    await copyImage(image, store, { tags: [target.tag ?? digest], signal });
  }
  renderer.finish({ verb: 'Pushed', digest, targets: targets.map(formatReference), savedMs: 0 });
  if (options.quiet) stdout.write(`${digest}\n`);
}

async function findImage(
  reference: Reference,
  invocation: Invocation<typeof pushOptions>,
): Promise<Image | IndexedImages> {
  const { options, signal } = invocation;
  const stateDir = stateDirectory(options.stateDir, invocation);
  const name = formatReference(reference);
  const image = await loadIndexed(openLayout(stateDir), name, { origin: { source: 'layout', name }, signal });
  if (image !== undefined) return image;
  throw new ImageMissingError(`No image ${name} was built here`, {
    hint: '`shale images` lists what there is; name one with shale build --tag.',
  });
}
