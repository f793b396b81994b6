import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStatCache } from './stat-cache.ts';

let scratch: string;
let file: string;

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-stat-'));
  file = join(scratch, 'f');
  writeFileSync(file, 'content');
  await setTimeout(40); // old enough to be believed
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const state = () => join(scratch, 'state');
const open = () => openStatCache(state(), '/context');
const cacheFile = () => join(state(), readdirSync(state())[0] ?? '');

/** What the cache says, and whether it had to compute. */
function ask(cache: ReturnType<typeof open>, path = 'f', value = 'value'): [string, boolean] {
  let isComputed = false;
  const answer = cache.valueOf(path, lstatSync(file), () => {
    isComputed = true;
    return value;
  });
  return [answer, isComputed];
}

function fill(): void {
  const cache = open();
  ask(cache);
  cache.save();
}

describe('openStatCache()', () => {
  it('remembers, within a build and between builds', () => {
    const cache = open();
    expect([ask(cache), ask(cache)]).toEqual([
      ['value', true],
      ['value', false],
    ]);
    cache.save();
    expect(ask(open())).toEqual(['value', false]);
    expect(ask(open(), 'other')).toEqual(['value', true]);
    expect(ask(openStatCache(state(), '/elsewhere'))).toEqual(['value', true]);
  });

  it('sees a change of the same size that hides behind an old time', () => {
    fill();
    const { atime, mtime } = statSync(file);
    writeFileSync(file, 'CONTENT');
    utimesSync(file, atime, mtime);
    expect(ask(open())).toEqual(['value', true]);
  });

  it('does not believe a file that may change again with the same times', () => {
    writeFileSync(file, 'young');
    const cache = open();
    ask(cache);
    cache.save();
    expect(ask(open())).toEqual(['value', true]);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, -10)],
    ['with a bit turned', (text: string) => text.replace('value', 'valve')],
    ['of another version', (text: string) => text.replace(/v\d+/, 'v0')],
    ['empty', () => ''],
    ['of zeros', (text: string) => '\0'.repeat(text.length)],
  ])('takes a file %s for an empty one', (_case, damage) => {
    fill();
    writeFileSync(cacheFile(), damage(readFileSync(cacheFile(), 'utf8')));
    expect(ask(open())).toEqual(['value', true]);
    fill();
    expect(ask(open())).toEqual(['value', false]);
  });

  it('keeps what another Dockerfile used, and leaves out names that its format cannot hold', () => {
    fill();
    const cache = open();
    for (const path of ['g', 'a\tb', 'a\nb', '\udcff']) ask(cache, path);
    cache.save();
    const paths = ['f', 'g', 'a\tb', 'a\nb', '\udcff'].map((path) => ask(open(), path)[1]);
    expect(paths).toEqual([false, false, false, true, true]);
    expect(readdirSync(state())).toHaveLength(1);
  });

  it('goes on without a place to write to', () => {
    const cache = openStatCache(join(file, 'below'), '/context');
    ask(cache);
    expect(() => cache.save()).not.toThrow();
  });
});
