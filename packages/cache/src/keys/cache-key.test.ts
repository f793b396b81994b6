import { sha256 } from '@shale/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyInput } from './cache-key.ts';
import { cacheKey } from './cache-key.ts';
import type { KeyValue } from './key-value.ts';
import { encodeKeyValue } from './key-value.ts';

const keyOf = (...inputs: KeyInput[]) => cacheKey('run', inputs).key;
const input = (name: string, value: KeyValue): KeyInput => ({ name, value });

/** Short and from few letters, so that pieces of neighbours could be mistaken for each other. */
const text = fc.string({
  unit: fc.constantFrom('a', 'b', '-', '\0', '/', 'l', 't', '\u0001', '\ud800', 'é'),
  maxLength: 4,
});
const value: fc.Arbitrary<KeyValue> = fc.letrec<{ value: KeyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    text.map((letters) => Buffer.from(letters, 'latin1')),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value;
const inputs = fc.array(fc.record({ name: text, value }), { maxLength: 4 });
const step = fc.tuple(text, inputs);

/** What makes two steps the same: a description with every type and border in it, the order of a map left out. */
function describeValue(item: KeyValue): unknown {
  if (typeof item === 'string') return `text ${[...Array(item.length).keys()].map((at) => item.charCodeAt(at)).join()}`;
  if (item instanceof Uint8Array) return { bytes: [...item] };
  if (!(item instanceof Map)) return (item as readonly KeyValue[]).map(describeValue);
  return { map: [...item].map(([name, inner]) => [describeValue(name), describeValue(inner)]).sort(byText) };
}
const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

describe('cacheKey()', () => {
  it('cacheKey() gives equal keys to equal steps only, over 10^5 pairs', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(step, step, (...pair) => {
        for (const [kind, list] of pair) {
          const { key } = cacheKey(kind, list);
          const what = JSON.stringify([
            describeValue(kind),
            list.map(({ name, value: inner }) => [describeValue(name), describeValue(inner)]),
          ]);
          const before = seen.get(key);
          if (before === undefined) seen.set(key, what);
          else expect(what).toBe(before);
        }
      }),
      { numRuns: 100_000 },
    );
    expect(seen.size).toBeGreaterThan(50_000);
  }, 120_000);

  it('cacheKey() depends on the borders between parts, which kaniko joins with "-"', () => {
    expect(keyOf(input('x', 'a-b'), input('x', 'c'))).not.toBe(keyOf(input('x', 'a'), input('x', 'b-c')));
    expect(keyOf(input('x', ['a-b', 'c']))).not.toBe(keyOf(input('x', ['a', 'b-c'])));
  });

  it('cacheKey() depends on the border between path and digest, which kaniko concatenates', () => {
    const tree = (entries: [string, string][]) => keyOf(input('tree', new Map(entries)));
    expect(tree([['ab', 'c']])).not.toBe(tree([['a', 'bc']]));
    expect(
      tree([
        ['a', 'b'],
        ['c', 'd'],
      ]),
    ).not.toBe(
      tree([
        ['a', 'bc'],
        ['', 'd'],
      ]),
    );
  });

  it('cacheKey() depends on names, order of lists, types and kind', () => {
    const key = keyOf(input('env.A', 'x'));
    expect(keyOf(input('env.B', 'x'))).not.toBe(key);
    expect(keyOf(input('env.A', ['x']))).not.toBe(key);
    expect(keyOf(input('env.A', Buffer.from('x')))).not.toBe(key);
    expect(cacheKey('copy', [input('env.A', 'x')]).key).not.toBe(key);
    expect(keyOf(input('x', ['a', 'b']))).not.toBe(keyOf(input('x', ['b', 'a'])));
  });

  it('cacheKey() tells names apart that are not UTF-8', () => {
    expect(keyOf(input('file', 'a\udc80'))).not.toBe(keyOf(input('file', 'a\udc81')));
  });

  it('cacheKey() does not depend on the order of a map', () => {
    const [a, b] = [['a', '1'] as const, ['b', '2'] as const];
    expect(keyOf(input('labels', new Map([a, b])))).toBe(keyOf(input('labels', new Map([b, a]))));
  });

  it('cacheKey() stays the same from release to release', () => {
    expect(cacheKey('run', [input('parent', 'p'), input('args', ['make', 'all'])]).key).toBe(
      'sha256:3e18fe34883cf09ab553ccfbb3500c4d48ae82f5c4cec94391ab705a879c2725',
    );
    expect(encodeKeyValue(['a', new Map([['b', Buffer.from('c')]])]).toString('latin1')).toBe(
      'l\0\0\0\u0002t\0\0\0\u0001am\0\0\0\u0001t\0\0\0\u0001bb\0\0\0\u0001c',
    );
  });

  it('cacheKey() reports hashes of its inputs, never their values', () => {
    const { inputs: reported } = cacheKey('run', [input('env.TOKEN', 'hunter2'), input('workdir', '/src')]);
    expect(reported.map(({ name }) => name)).toEqual(['env.TOKEN', 'workdir']);
    expect(reported.every(({ hash }) => /^[0-9a-f]{16}$/.test(hash))).toBe(true);
    expect(JSON.stringify(reported)).not.toContain('hunter2');
  });

  it('cacheKey() lists the parts of an input after it, and they are no part of the key', () => {
    const parts = [{ name: 'file:a.ts', hash: sha256('a') }];
    const { key, inputs: reported } = cacheKey('copy', [{ ...input('content', 'digest'), parts }]);
    expect(key).toBe(cacheKey('copy', [input('content', 'digest')]).key);
    expect(reported.map(({ name }) => name)).toEqual(['content', 'file:a.ts']);
    expect(reported[1]?.hash).toBe(sha256('a').slice(7, 23));
  });

  it('cacheKey() folds directories when there are too many parts', () => {
    const parts = Array.from({ length: 9000 }, (_, at) => ({
      name: `file:src/deep/${at % 3}/${at}.ts`,
      hash: sha256(`${at}`),
    }));
    const { inputs: reported } = cacheKey('copy', [{ ...input('content', 'd'), parts }]);
    expect(reported.map(({ name }) => name).slice(1)).toEqual([
      'file:src/deep/0/',
      'file:src/deep/1/',
      'file:src/deep/2/',
    ]);
  });
});
