import type { Exporter } from '@shale/builder';
import { formatReference, messageOf } from '@shale/core';
import type { OptionValues } from '../options/option.ts';
import { type ExporterWiring, parseCacheRepository, registryExporter } from '@shale/wiring';
import type { buildOptions } from './build-command.ts';

/** `--push-image`: the whole image goes to the cache repository, as envbuilder does; a failure is a warning unless asked otherwise. */
export function pushImage(
  { cacheRepo = '', exitOnPushFailure }: OptionValues<typeof buildOptions>,
  wiring: ExporterWiring,
): { readonly exporter: Exporter; readonly pushed: () => readonly string[] } {
  const name = { ...parseCacheRepository(cacheRepo), tag: 'latest' };
  const exporter = registryExporter(name, wiring);
  let done = false;
  const attempt = async (work: Promise<void> | undefined, signal: AbortSignal | undefined) => {
    try {
      await work;
      done = true;
    } catch (error) {
      signal?.throwIfAborted();
      if (exitOnPushFailure) throw error;
      const message = `Failed to push the image to ${formatReference(name)}: ${messageOf(error)}`;
      wiring.onProgress({ type: 'warning', code: 'push-failed', message });
    }
  };
  return {
    pushed: () => (done ? [formatReference(name)] : []),
    exporter: {
      export: (built, options) => attempt(exporter.export(built, options), options.signal),
      exportIndex: (built, options) => attempt(exporter.exportIndex?.(built, options), options.signal),
    },
  };
}
