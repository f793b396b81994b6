import {
  cacheFilterOption,
  cachePlaceOptions,
  cacheReportOptions,
  pruneOptions,
  transferOptions,
  verifyOptions,
} from '../../options/cache-care.ts';
import { type ArgumentSpec, command, commandGroup } from '../../spec/command-spec.ts';

const keyArgument: ArgumentSpec = {
  name: 'KEY',
  help: 'The first digits of a key, as shale cache ls shows them',
  required: true,
  many: true,
  completion: 'none',
};

const layoutArgument: ArgumentSpec = {
  name: 'DIR',
  help: 'An OCI image layout',
  required: true,
  completion: 'directory',
};

export const listCacheOptions = { ...cacheFilterOption, ...cacheReportOptions };

/** Care for caches. Each command is loaded when it runs. */
export const cacheCommand = commandGroup({
  name: 'cache',
  summary: 'Show, shrink, check and carry layer caches',
  examples: [
    'shale cache ls',
    'shale cache prune --max-size 20GB --keep-duration 30d',
    'shale cache verify --cache-repo registry.example/cache',
  ],
  subcommands: [
    command({
      name: 'ls',
      summary: 'List the entries of a cache',
      options: listCacheOptions,
      examples: ['shale cache ls --filter stage=build', 'shale cache ls --cache-repo registry.example/cache --json'],
      run: async (invocation) => (await import('./list.ts')).runList(invocation),
    }),
    command({
      name: 'du',
      summary: 'Show what a cache takes, and what of it can be had back',
      options: cacheReportOptions,
      run: async (invocation) => (await import('./usage.ts')).runUsage(invocation),
    }),
    command({
      name: 'prune',
      summary: 'Remove what is broken and left over, and more on request; builds may run meanwhile',
      options: pruneOptions,
      examples: [
        'shale cache prune --max-size 20GB',
        'shale cache prune --filter until=168h --dry-run',
        'shale cache prune --cache-repo registry.example/cache --keep-duration 30d',
      ],
      run: async (invocation) => (await import('./prune.ts')).runPrune(invocation),
    }),
    command({
      name: 'verify',
      summary: 'Read a cache again and tell what is damaged or missing',
      options: verifyOptions,
      run: async (invocation) => (await import('./verify.ts')).runVerify(invocation),
    }),
    command({
      name: 'export',
      summary: 'Copy entries to an OCI image layout, to be carried elsewhere',
      arguments: [layoutArgument],
      options: transferOptions,
      examples: ['shale cache export /media/usb/cache'],
      run: async (invocation) => (await import('./transfer.ts')).runExport(invocation),
    }),
    command({
      name: 'import',
      summary: 'Copy entries from an OCI image layout',
      arguments: [layoutArgument],
      options: transferOptions,
      examples: ['shale cache import --cache-repo registry.example/cache /media/usb/cache'],
      run: async (invocation) => (await import('./transfer.ts')).runImport(invocation),
    }),
    command({
      name: 'pin',
      summary: 'Keep entries, whatever is pruned',
      arguments: [keyArgument],
      options: cachePlaceOptions,
      run: async (invocation) => (await import('./pin.ts')).runPin(invocation),
    }),
    command({
      name: 'unpin',
      summary: 'Let entries be pruned again',
      arguments: [keyArgument],
      options: cachePlaceOptions,
      run: async (invocation) => (await import('./pin.ts')).runUnpin(invocation),
    }),
  ],
});
