import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, type NamedContext, openDirectoryContext } from '@shale/builder';
import { formatReference, type Image, type ImageSource, parseReference } from '@shale/core';
import type { WorkspaceOptions } from '../options/option-table.ts';
import { formatImageFile, type StartConfig } from '../state/image-file.ts';
import type { WorkspacePaths } from '../state/workspace-paths.ts';

/** How an image is built that is another one with this program in it. */
export interface RuntimeImage extends AsyncDisposable {
  readonly build: Pick<BuildOptions, 'dockerfile' | 'context' | 'namedContexts'>;
  /** Knows the other one. */
  readonly source: ImageSource;
}

/** What of the program's folder belongs to it; the rest is state. */
const PROGRAM_FOLDERS = ['bin', 'lib', 'libexec', 'share', 'etc'];
/** No registry has this name: it stands for the image that was just built. */
const BASE = parseReference('workspace.invalid/built:latest');

const DOCKERFILE = `FROM ${formatReference(BASE)}
COPY --link --from=shale-runtime . /.envbuilder/
COPY --link --chmod=0644 --from=shale-start image /.envbuilder/image
USER root
WORKDIR /
ENTRYPOINT ["/.envbuilder/bin/envbuilder"]
`;

/** The program's own folder, as one layer that is the same for every image, and a file that says how the image starts. */
export function openRuntimeImage(
  base: Image,
  start: StartConfig,
  { options, paths }: { readonly options: WorkspaceOptions; readonly paths: WorkspacePaths },
): RuntimeImage {
  mkdirSync(paths.secrets, { recursive: true, mode: 0o700 });
  const directory = mkdtempSync(join(paths.secrets, 'start-'));
  writeFileSync(join(directory, 'image'), formatImageFile(start));
  const context = openDirectoryContext(directory);
  const runtime = openDirectoryContext(dirname(dirname(options.binaryPath)), {
    ignore: ['*', ...PROGRAM_FOLDERS.map((name) => `!${name}`)],
    stateDir: paths.state,
  });
  const namedContexts = new Map<string, NamedContext>([
    ['shale-runtime', { type: 'directory', context: runtime }],
    ['shale-start', { type: 'directory', context }],
  ]);
  return {
    build: { dockerfile: { name: 'runtime', text: DOCKERFILE }, context, namedContexts },
    source: {
      name: 'the built image',
      resolve: async (reference) => (formatReference(reference) === formatReference(BASE) ? base : undefined),
    },
    async [Symbol.asyncDispose]() {
      await context[Symbol.asyncDispose]();
      await runtime[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
