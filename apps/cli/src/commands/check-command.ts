import { dockerfileOptions, sourceOptions } from '../options/build.ts';
import { cacheOptions } from '../options/cache.ts';
import { formatOption, generalOptions, stateOptions } from '../options/general.ts';
import { readOptions } from '../options/read-options.ts';
import { registryOptions } from '../options/registries.ts';
import { contextArgument } from './build-command.ts';
import { command } from '../spec/command-spec.ts';

const checkOptions = {
  ...dockerfileOptions,
  ...formatOption,
  ...stateOptions,
  ...generalOptions,
};

export const checkCommand = command({
  name: 'check',
  summary: 'Find mistakes and bad habits in a Dockerfile, without building it',
  arguments: [
    {
      ...contextArgument,
      help: 'A Dockerfile, a directory, a tarball, - for stdin, or a git URL (default: this directory)',
      completion: 'file',
    },
  ],
  options: checkOptions,
  examples: [
    'shale check',
    'shale check docker/Dockerfile --format json',
    'shale check - < Dockerfile',
    'shale check --build-arg BUILDKIT_DOCKERFILE_CHECK=error=true .',
  ],
  run: async (invocation) =>
    (await import('./check.ts')).runCheck({ ...invocation, options: { ...unasked(), ...invocation.options } }),
});

/** What only builds are asked, as if it had not been given. */
function unasked() {
  return readOptions({ ...sourceOptions, ...cacheOptions, ...registryOptions }, new Map(), {});
}
