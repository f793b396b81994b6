import { generalOptions, jsonOption, progressOptions } from '../options/general.ts';
import { registryOptions } from '../options/registries.ts';
import { warmOptions } from '../options/warm.ts';
import { command } from '../spec/command-spec.ts';

export const warmCommandOptions = {
  ...warmOptions,
  ...registryOptions,
  progress: progressOptions.progress,
  ...generalOptions,
  ...jsonOption,
};

export const warmCommand = command({
  name: 'warm',
  summary: 'Fill a directory with base images, or bring it up to date',
  options: warmCommandOptions,
  examples: [
    'shale warm --cache-dir /cache --image debian:bookworm --image node:24',
    'shale warm --cache-dir /cache --dockerfile Dockerfile --build-arg VERSION=24 --prune',
    'shale warm --cache-dir /cache --list images.txt --platform linux/amd64,linux/arm64 --json',
  ],
  run: async (invocation) => (await import('./warm.ts')).runWarm(invocation),
});
