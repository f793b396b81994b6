import { generalOptions, jsonOption, stateOptions } from '../options/general.ts';
import { command } from '../spec/command-spec.ts';

export const imagesOptions = { ...stateOptions, ...generalOptions, ...jsonOption };

export const imagesCommand = command({
  name: 'images',
  summary: 'List the images that were built and named here',
  options: imagesOptions,
  run: async (invocation) => (await import('./images.ts')).runImages(invocation),
});
