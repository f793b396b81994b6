import type { MergedConfiguration } from '../metadata/merge-configuration.ts';

export interface ImageCommand {
  readonly entrypoint?: readonly string[] | undefined;
  readonly cmd?: readonly string[] | undefined;
}

/**
 * The first process of the container, as the official CLI starts it: entrypoints of features, then the image's own
 * command where `overrideCommand` is false, else nothing until it is stopped.
 */
export function containerCommand(
  { entrypoints = [], overrideCommand }: Pick<MergedConfiguration, 'entrypoints' | 'overrideCommand'>,
  { entrypoint = [], cmd = [] }: ImageCommand = {},
): readonly string[] {
  const script = [
    'echo Container started',
    'trap "exit 0" 15',
    entrypoints.join('\n'),
    'exec "$@"',
    'while sleep 1 & wait $!; do :; done',
  ].join('\n');
  return ['/bin/sh', '-c', script, '-', ...(overrideCommand === false ? [...entrypoint, ...cmd] : [])];
}
