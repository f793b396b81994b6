import { cacheOptions } from './cache.ts';
import { generalOptions, jsonOption, stateOptions } from './general.ts';
import { duration, integer, list, text, toggle } from './kinds.ts';
import { registryOptions } from './registries.ts';

/** Which cache a command cares for. */
export const cachePlaceOptions = {
  layerCacheDir: cacheOptions.layerCacheDir,
  cacheRepo: cacheOptions.cacheRepo,
  ...registryOptions,
  ...stateOptions,
  ...generalOptions,
};

export const cacheReportOptions = { ...cachePlaceOptions, ...jsonOption };

export const cacheFilterOption = {
  filter: list({
    flag: 'filter',
    placeholder: 'NAME=VALUE',
    group: 'Cache',
    help: 'Only entries for which this holds: key, type, stage, instruction, builder, scope, platform, until (not used for 24h); also with != and ~=',
  }),
};

export const pruneOptions = {
  ...cacheFilterOption,
  all: toggle({ flag: 'all', short: 'a', group: 'Cache', help: 'Remove everything that is not pinned and not in use' }),
  keepDuration: duration({
    flag: 'keep-duration',
    placeholder: 'TIME',
    group: 'Cache',
    help: 'Remove what was not used for this long; in a registry, what is older',
  }),
  maxSize: text({
    flag: 'max-size',
    placeholder: 'SIZE',
    group: 'Cache',
    help: 'Remove what was used longest ago until the cache takes no more than this',
  }),
  minFree: text({
    flag: 'min-free',
    placeholder: 'SIZE',
    group: 'Cache',
    help: 'Remove what was used longest ago until the file system has this much left',
  }),
  pin: list({ flag: 'pin', placeholder: 'KEY', group: 'Cache', help: 'Keep this entry, whatever else is said' }),
  grace: duration({
    flag: 'grace',
    placeholder: 'TIME',
    group: 'Cache',
    shownDefault: '20m',
    help: 'Keep what was used this lately: builds may be at it',
  }),
  dryRun: toggle({ flag: 'dry-run', group: 'Cache', help: 'Show what would go, and remove nothing' }),
  ...cacheReportOptions,
};

export const verifyOptions = {
  repair: toggle({
    flag: 'repair',
    group: 'Cache',
    help: 'Remove broken entries, so that the next build makes them again',
  }),
  download: toggle({
    flag: 'download',
    group: 'Cache',
    help: 'Read every layer of a registry, not only ask whether it is there',
  }),
  ...cacheReportOptions,
};

export const transferOptions = {
  ...cacheFilterOption,
  concurrency: integer({
    flag: 'concurrency',
    placeholder: 'N',
    min: 1,
    max: 64,
    group: 'Cache',
    shownDefault: '4',
    help: 'Entries that are copied at once',
  }),
  ...cacheReportOptions,
};
