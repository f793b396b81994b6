import { sourceOptions } from '../options/build.ts';
import { cacheOptions } from '../options/cache.ts';
import { generalOptions, jsonOption, stateOptions } from '../options/general.ts';
import { toggle } from '../options/kinds.ts';
import { registryOptions } from '../options/registries.ts';
import { contextArgument } from './build-command.ts';
import { command } from '../spec/command-spec.ts';

export const explainOptions = {
  showValues: toggle({
    flag: 'show-values',
    group: 'General',
    help: 'Show what ARG and ENV hold, in place of hashes',
  }),
  ...sourceOptions,
  ...cacheOptions,
  ...registryOptions,
  ...stateOptions,
  ...generalOptions,
  ...jsonOption,
};

export const explainCommand = command({
  name: 'explain',
  summary: 'Tell why steps are not cached: those of the last build, or those that a build of CONTEXT would run',
  arguments: [contextArgument],
  options: explainOptions,
  examples: [
    'shale explain',
    'shale explain --cache-repo registry.example/cache .',
    'shale explain --show-values --build-arg VERSION=2 .',
  ],
  run: async (invocation) => (await import('./explain.ts')).runExplain(invocation),
});
