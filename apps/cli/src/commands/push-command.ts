import { generalOptions, progressOptions, stateOptions } from '../options/general.ts';
import { list } from '../options/kinds.ts';
import { registryOptions } from '../options/registries.ts';
import { command } from '../spec/command-spec.ts';

export const pushOptions = {
  to: list({
    flag: 'to',
    placeholder: 'REF',
    group: 'Output',
    shownDefault: 'the name itself',
    help: 'Push under this name',
  }),
  ...registryOptions,
  ...progressOptions,
  ...stateOptions,
  ...generalOptions,
};

export const pushCommand = command({
  name: 'push',
  summary: 'Push an image that was built and named here',
  arguments: [{ name: 'REF', help: 'As `shale images` lists it', required: true, completion: 'none' }],
  options: pushOptions,
  examples: ['shale push registry.example/app:v1', 'shale push app --to registry.example/app:v1'],
  run: async (invocation) => (await import('./push.ts')).runPush(invocation),
});
