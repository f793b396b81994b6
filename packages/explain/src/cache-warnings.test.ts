import type { KeyedStep } from '@shale/builder';
import type { CacheEvent } from '@shale/cache';
import { type ProgressEvent, sha256 } from '@shale/core';
import { expect, it } from 'vitest';
import { BuildJournal } from './build-journal.ts';
import { cacheWarnings } from './cache-warnings.ts';

const [key, kept, offered] = [sha256('key'), sha256('kept'), sha256('offered')];
const backend = 'registry';

function warningsOf(events: readonly CacheEvent[], isReproducible = true): readonly string[] {
  const told: ProgressEvent[] = [];
  const journal = new BuildJournal();
  const step = { id: '0.1', stage: 'build', index: 1, total: 1, name: 'RUN date > /built' };
  const keyed: KeyedStep = {
    step,
    key,
    inputs: [],
    hit: undefined,
    isBypassed: false,
    dependsOn: [],
    values: () => ({}),
  };
  journal.onKeyed([keyed]);
  journal.isReproducible = isReproducible;
  const listen = cacheWarnings(journal, (event) => told.push(event));
  events.forEach(listen);
  return told.map((event) => (event.type === 'warning' ? `${event.code}: ${event.message}` : event.type));
}

it('cacheWarnings() names a step that is not deterministic', () => {
  const event: CacheEvent = { type: 'non-deterministic', backend, key, kept, offered };
  const [warning] = warningsOf([event]);
  expect(warning).toBe(
    `non-deterministic-step: RUN date > /built made ${offered}, but the registry cache has ${kept} for it and keeps that`,
  );
  expect(warningsOf([event], false)).toEqual([]);
});

it('cacheWarnings() tells each kind of trouble once, and not what is usual', () => {
  const untrusted = { type: 'untrusted', backend, key, reason: 'unsigned' } as const;
  const other = { ...untrusted, reason: 'bad-signature' } as const;
  expect(
    warningsOf([
      untrusted,
      untrusted,
      other,
      { type: 'corrupt', backend, key, error: new Error('torn') },
      { type: 'expired', backend, key, created: new Date(0) },
      { type: 'incomplete', backend, key, digest: kept },
      { type: 'read-only', backend: 'dir', reason: 'EROFS' },
    ]).map((warning) => warning.slice(0, warning.indexOf(':'))),
  ).toEqual(['cache-untrusted', 'cache-untrusted', 'cache-corrupt', 'cache-read-only']);
});
