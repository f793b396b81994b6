import { checkOption, executionOptions, outputOptions, sourceOptions } from '../options/build.ts';
import { cacheBypassOptions, cacheOptions } from '../options/cache.ts';
import { generalOptions, progressOptions, stateOptions } from '../options/general.ts';
import { registryOptions } from '../options/registries.ts';
import { type ArgumentSpec, command } from '../spec/command-spec.ts';

export const contextArgument: ArgumentSpec = {
  name: 'CONTEXT',
  help: 'A directory, a tarball, - for a tar on stdin, or a git URL',
  required: false,
  completion: 'directory',
};

export const buildOptions = {
  ...sourceOptions,
  ...checkOption,
  ...outputOptions,
  ...cacheOptions,
  ...cacheBypassOptions,
  ...registryOptions,
  ...executionOptions,
  ...progressOptions,
  ...stateOptions,
  ...generalOptions,
};

export const buildCommand = command({
  name: 'build',
  summary: 'Build an image from a Dockerfile',
  arguments: [contextArgument],
  options: buildOptions,
  examples: [
    'shale build -t app .',
    'shale build -o type=oci,dest=app.tar --target release .',
    'shale build --cache-repo registry.example/cache -t registry.example/app --push .',
  ],
  run: async (invocation) => (await import('./build.ts')).runBuild(invocation),
});
