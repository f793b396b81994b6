import type { CacheEvent, CacheEventListener } from '@shale/cache';
import type { ProgressListener } from '@shale/core';
import type { BuildJournal } from './build-journal.ts';
import { describeUntrusted } from './describe-untrusted.ts';

type Warning = { readonly code: string; readonly message: string };

/** Reports as warnings what users should know about their caches: each message once. */
export function cacheWarnings(journal: BuildJournal, onProgress: ProgressListener): CacheEventListener {
  const told = new Set<string>();
  return (event) => {
    // without fixed times, the times of new directories alone make two results differ
    if (event.type === 'non-deterministic' && !journal.isReproducible) return;
    const warning = warningOf(event, journal);
    if (warning === undefined || told.has(warning.message)) return;
    told.add(warning.message);
    onProgress({ type: 'warning', ...warning });
  };
}

function warningOf(event: CacheEvent, journal: BuildJournal): Warning | undefined {
  switch (event.type) {
    case 'non-deterministic': {
      const name = journal.steps.find(({ key }) => key === event.key)?.step.name ?? event.key;
      const message = `${name} made ${event.offered}, but the ${event.backend} cache has ${event.kept} for it and keeps that`;
      return { code: 'non-deterministic-step', message };
    }
    case 'untrusted': {
      const message = `An entry of the ${event.backend} cache is not used: ${describeUntrusted(event.reason)}`;
      return { code: 'cache-untrusted', message };
    }
    case 'corrupt':
      return { code: 'cache-corrupt', message: `Damaged entries of the ${event.backend} cache are passed over` };
    case 'read-only':
      if (event.backend !== 'dir') return undefined; // a registry's refusal is reported as `cache.degraded`
      return { code: 'cache-read-only', message: `The ${event.backend} cache is read-only: ${event.reason}` };
    default:
      return undefined;
  }
}
