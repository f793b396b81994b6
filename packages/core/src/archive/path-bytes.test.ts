import { readFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import { decodePath, encodePath, hostPath, readNames } from './path-bytes.ts';

it('decodePath() and encodePath() keep every byte sequence', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const path = decodePath(Buffer.from(bytes));
      expect(encodePath(path)).toEqual(Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

it('decodePath() gives UTF-8 names as the strings that they are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      expect(decodePath(Buffer.from(name))).toBe(name);
      expect(hostPath(name)).toBe(name);
    }),
  );
});

it.each([
  ['a lone continuation byte', [0x61, 0x80], 'a\udc80'],
  ['an overlong slash', [0xc0, 0xaf], '\udcc0\udcaf'],
  ['a surrogate in UTF-8', [0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
  ['a cut sequence before a good one', [0xe2, 0x82, 0xc3, 0xa9], '\udce2\udc82é'],
  ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
  ['a real U+FFFD', [0xef, 0xbf, 0xbd], '\uFFFD'],
])('decodePath() escapes %s', (_, bytes, expected) => {
  expect(decodePath(Buffer.from(bytes))).toBe(expected);
});

it('readNames() finds files whose names are not UTF-8, and hostPath() opens them', async () => {
  await using scratch = await openScratchDirectory();
  const name = 'caf\udce9-\udcff\udcfe-é';
  writeFileSync(hostPath(`${scratch.path}/${name}`), 'found');
  writeFileSync(`${scratch.path}/\uFFFD`, 'its own name');
  expect(readNames(scratch.path).toSorted()).toEqual([name, '\uFFFD'].toSorted());
  expect(readFileSync(hostPath(`${scratch.path}/${name}`), 'utf8')).toBe('found');
});
