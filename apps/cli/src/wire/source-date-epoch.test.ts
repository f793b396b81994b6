import { openDirectoryContext } from '@shale/builder';
import { expect, it } from 'vitest';
import { parseSourceDateEpoch } from './source-date-epoch.ts';

const contextOf = (commitTime?: number) => ({ ...openDirectoryContext(import.meta.dirname), commitTime });
const sources = {
  context: contextOf(1_700_000_000),
  namedContexts: new Map([['src', { type: 'directory' as const, context: contextOf() }]]),
};

it('parseSourceDateEpoch() takes whole seconds, and the commit of a context', () => {
  expect(['0', '1700000001', 'context', 'SRC'].map((text) => parseSourceDateEpoch(text, sources))).toEqual([
    0,
    1_700_000_001,
    1_700_000_000,
    undefined,
  ]);
});

it.each(['', '-1', '1.5', '1e9', '2026-01-01', '9999999999999', '0x10', ' 1'])(
  'parseSourceDateEpoch() refuses %j',
  (text) => {
    expect(() => parseSourceDateEpoch(text, sources)).toThrow(`invalid SOURCE_DATE_EPOCH: ${JSON.stringify(text)}`);
  },
);
