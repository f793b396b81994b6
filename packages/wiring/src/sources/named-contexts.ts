import { join } from 'node:path';
import { type BuildContext, type NamedContext, openDirectoryContext } from '@shale/builder';
import { formatReference, type ImageSource, Resources, sha256 } from '@shale/core';
import { loadLayoutImage } from '@shale/registry';
import { type GitSettings, openGitLocation } from './git-location.ts';
import { readIgnoreFile } from './ignore-file.ts';
import type { DirectoryLocation, LayoutLocation, NamedContextLocation } from './location.ts';

export interface NamedContexts extends AsyncDisposable {
  readonly contexts: ReadonlyMap<string, NamedContext>;
  /** Finds the layouts among them. */
  readonly images: readonly ImageSource[];
}

export interface NamedContextSettings extends GitSettings {
  readonly stateDir?: string | undefined;
}

/** No registry has this name: references below it stand for layouts on disk. */
const LAYOUT_HOST = 'oci-layout.invalid';

/** @throws {ContextInvalidError} @throws {GitFailedError} */
export async function openNamedContexts(
  locations: Readonly<Record<string, NamedContextLocation>>,
  settings: NamedContextSettings,
): Promise<NamedContexts> {
  await using resources = new Resources();
  const layouts = new Map<string, LayoutLocation>();
  const directory = (context: BuildContext): NamedContext => ({ type: 'directory', context: resources.use(context) });
  const open = async (location: NamedContextLocation): Promise<NamedContext> => {
    switch (location.kind) {
      case 'directory':
        return directory(openDirectory(location, settings));
      case 'git':
        return directory(await openGitLocation(location, settings));
      case 'image':
        return { type: 'image', reference: formatReference(location.reference) };
      case 'layout': {
        const reference = layoutReference(location);
        layouts.set(reference, location);
        return { type: 'image', reference };
      }
    }
  };
  const contexts = new Map<string, NamedContext>();
  for (const [name, location] of Object.entries(locations)) contexts.set(name, await open(location));
  const opened = resources.move();
  return {
    contexts,
    images: layouts.size === 0 ? [] : [layoutImages(layouts)],
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

function openDirectory({ path }: DirectoryLocation, { stateDir }: NamedContextSettings): BuildContext {
  const ignore = readIgnoreFile(path, { name: join(path, '.dockerignore') });
  return openDirectoryContext(path, { ignore, stateDir });
}

function layoutReference({ path, target = '' }: LayoutLocation): string {
  return `${LAYOUT_HOST}/${sha256(`${path}\n${target}`).slice('sha256:'.length)}:latest`;
}

function layoutImages(layouts: ReadonlyMap<string, LayoutLocation>): ImageSource {
  return {
    name: 'named layouts',
    async resolve(reference, options) {
      const layout = layouts.get(formatReference(reference));
      return layout && loadLayoutImage(layout.path, layout.target, options);
    },
  };
}
