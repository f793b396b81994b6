import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, type NamedContext, openDirectoryContext } from '@shale/builder';
import { formatReference, type Image, type ImageSource, parseReference } from '@shale/core';
import type { WorkspaceOptions } from '../options/option-table.ts';
import { formatImageFile, type StartConfig } from '../state/image-file.ts';
import type { WorkspacePaths } from '../state/workspace-paths.ts';

/** How to build an image that adds this program to another one. */
export interface RuntimeImage extends AsyncDisposable {
  readonly build: Pick<BuildOptions, 'dockerfile' | 'context' | 'namedContexts'>;
  /** Resolves the other image. */
  readonly source: ImageSource;
}

/** The folders of the program. The rest of its directory is state. */
const PROGRAM_FOLDERS = ['bin', 'lib', 'libexec', 'share', 'etc'];
/** A name that no registry has, for the image that was just built. */
const BASE = parseReference('workspace.invalid/built:latest');

const DOCKERFILE = `FROM ${formatReference(BASE)}
COPY --link --from=shale-runtime . /.envbuilder/
COPY --link --chmod=0644 --from=shale-start image /.envbuilder/image
USER root
WORKDIR /
ENTRYPOINT ["/.envbuilder/bin/envbuilder"]
`;

/** Adds the folder of the program, as a layer that is the same for every image, and a file that says how the image starts. */
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
