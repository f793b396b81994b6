import { describe, expect, it } from 'vitest';
import { formatMetadataLabel, parseMetadataLabel } from './metadata-label.ts';

describe('parseMetadataLabel()', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['{"remoteUser":"a"}', [{ remoteUser: 'a' }]],
    ['[{"id":"x","init":true},{}]', [{ id: 'x', init: true }, {}]],
  ])('reads %s', (text, entries) => {
    expect(parseMetadataLabel(text)).toEqual({ entries, warnings: [] });
  });

  it.each([
    ['nonsense', [], 'The label devcontainer.metadata is not JSON'],
    ['[1,{"init":true}]', [{ init: true }], 'devcontainer.metadata[0] is ignored: it is no object'],
    [
      '[{"mounts":"x","init":true}]',
      [{ init: true }],
      'devcontainer.metadata[0].mounts is ignored: it must be an array',
    ],
  ])('goes on without what it cannot use in %s, and reports it', (text, entries, warning) => {
    const label = parseMetadataLabel(text);
    expect(label.entries).toEqual(entries);
    expect(label.warnings).toEqual([expect.stringContaining(warning)]);
  });
});

it('formatMetadataLabel() writes what parseMetadataLabel() reads', () => {
  const entries = [{ id: 'a', postCreateCommand: 'echo "$X"' }, { remoteEnv: { A: null } }];
  expect(formatMetadataLabel(entries)).toBe(
    String.raw`[ {"id":"a","postCreateCommand":"echo \"$X\""}, {"remoteEnv":{"A":null}} ]`,
  );
  expect(parseMetadataLabel(formatMetadataLabel(entries)).entries).toEqual(entries);
});
