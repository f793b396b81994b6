import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDockerfile } from './find-dockerfile.ts';

let scratch: string;
let root: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-find-'));
  root = join(scratch, 'context');
  mkdirSync(root);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const write = (path: string, text: string) => writeFileSync(join(root, path), text);
const find = (name?: string, options: { readIgnore?: boolean; scoped?: boolean } = {}) =>
  findDockerfile(root, { name, readIgnore: true, scoped: false, ...options });

describe('findDockerfile()', () => {
  it('takes Dockerfile, then dockerfile', () => {
    write('dockerfile', 'small');
    expect(find()).toMatchObject({ name: 'dockerfile', text: 'small' });
    write('Dockerfile', 'big');
    expect(find()).toMatchObject({ name: 'Dockerfile', text: 'big' });
  });

  it('takes the name it is given: in the context, or anywhere', () => {
    write('other', 'inside');
    writeFileSync(join(scratch, 'beside'), 'outside');
    expect(find('other').text).toBe('inside');
    expect(find(join(scratch, 'beside')).text).toBe('outside');
    expect(find('../beside').text).toBe('outside');
  });

  it('follows a symlink, but not out of a context that somebody else wrote', () => {
    writeFileSync(join(scratch, 'secret'), 'secret');
    write('real', 'real');
    symlinkSync('/real', join(root, 'absolute'));
    symlinkSync(join(scratch, 'secret'), join(root, 'escape'));
    symlinkSync('real', join(root, 'Dockerfile'));
    expect([find().text, find('absolute', { scoped: true }).text]).toEqual(['real', 'real']);
    for (const name of ['escape', '../secret', join(scratch, 'secret')])
      expect(() => find(name, { scoped: true })).toThrow('no such file');
  });

  it('reads the ignore file beside the Dockerfile, or that of the context, never both', () => {
    write('Dockerfile', '');
    write('.dockerignore', 'a\n# comment\n/b\n');
    expect(find().ignore).toEqual(['a', 'b']);
    write('Dockerfile.dockerignore', '!c\n');
    expect(find().ignore).toEqual(['!c']);
    writeFileSync(join(scratch, 'Other'), '');
    expect(find(join(scratch, 'Other')).ignore).toEqual(['a', 'b']);
    writeFileSync(join(scratch, 'Other.dockerignore'), 'd');
    expect(find(join(scratch, 'Other')).ignore).toEqual(['d']);
    expect(find(undefined, { readIgnore: false }).ignore).toEqual([]);
  });

  it('says what it looked for', () => {
    expect(() => find()).toThrow('failed to read dockerfile: open Dockerfile: no such file or directory');
    mkdirSync(join(root, 'Dockerfile'));
    expect(() => find()).toThrow(expect.objectContaining({ code: 'CONTEXT_INVALID' }));
  });
});
