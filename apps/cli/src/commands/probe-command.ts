import { sourceOptions } from '../options/build.ts';
import { cacheOptions } from '../options/cache.ts';
import { generalOptions, jsonOption, stateOptions } from '../options/general.ts';
import { registryOptions } from '../options/registries.ts';
import { contextArgument } from './build-command.ts';
import { command } from '../spec/command-spec.ts';

export const probeOptions = {
  ...sourceOptions,
  ...cacheOptions,
  ...registryOptions,
  ...stateOptions,
  ...generalOptions,
  ...jsonOption,
};

export const probeCommand = command({
  name: 'probe',
  summary: 'Tell whether everything is cached, and which image that makes',
  arguments: [contextArgument],
  options: probeOptions,
  examples: ['shale probe --cache-repo registry.example/cache .'],
  run: async (invocation) => (await import('./probe.ts')).runProbe(invocation),
});
