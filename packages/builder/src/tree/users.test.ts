import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveOwner, resolveUser } from './users.ts';

const PASSWD = `# users
root:x:0:0:root:/root:/bin/sh
broken:x:one:two
app:x:1000:1001:App:/home/app:/bin/sh
12345:x:7:7::/:/bin/sh
nohome:x:1002:1002:::
`;
const GROUP = `root:x:0:
app:x:1001:
video:x:44:app,other
audio:x:29:other,app,root
`;

let scratch: ScratchDirectory;
let tree: string;
let bare: string;

beforeAll(async () => {
  scratch = await openScratchDirectory();
  tree = join(scratch.path, 'tree');
  bare = join(scratch.path, 'bare');
  mkdirSync(join(tree, 'etc'), { recursive: true });
  mkdirSync(bare);
  writeFileSync(join(tree, 'etc/passwd'), PASSWD);
  writeFileSync(join(tree, 'etc/group'), GROUP);
});

afterAll(() => scratch[Symbol.asyncDispose]());

describe('resolveUser()', () => {
  it.each([
    ['', { uid: 0, gid: 0, groups: [0], home: '/root' }],
    ['root', { uid: 0, gid: 0, groups: [0, 29], home: '/root' }],
    ['app', { uid: 1000, gid: 1001, groups: [1001, 44, 29], home: '/home/app' }],
    ['1000', { uid: 1000, gid: 1001, groups: [1001, 44, 29], home: '/home/app' }],
    ['app:video', { uid: 1000, gid: 44, groups: [44], home: '/home/app' }],
    ['app:', { uid: 1000, gid: 1001, groups: [1001, 44, 29], home: '/home/app' }],
    ['1000:7', { uid: 1000, gid: 7, groups: [7], home: '/home/app' }],
    ['4242', { uid: 4242, gid: 0, groups: [0], home: '/' }],
    ['12345', { uid: 12345, gid: 0, groups: [0], home: '/' }],
    ['nohome', { uid: 1002, gid: 1002, groups: [1002], home: '/' }],
  ])('reads %j', (spec, user) => {
    expect(resolveUser(tree, spec)).toMatchObject(user);
  });

  it('needs no files for root and numbers', () => {
    expect(resolveUser(bare, '')).toMatchObject({ uid: 0, gid: 0, groups: [0], home: '/' });
    expect(resolveUser(bare, 'root')).toMatchObject({ uid: 0, gid: 0, groups: [0], home: '/' });
    expect(resolveUser(bare, '5:6')).toMatchObject({ uid: 5, gid: 6, groups: [6], home: '/' });
  });

  it.each(['nobody', 'app:nogroup', 'broken', '2147483648'])('refuses %j', (spec) => {
    expect(() => resolveUser(tree, spec)).toThrow(expect.objectContaining({ code: 'STEP_FAILED' }));
  });

  it('reads within the tree only, and regular files only', () => {
    const hostile = join(scratch.path, 'hostile');
    mkdirSync(join(hostile, 'etc'), { recursive: true });
    writeFileSync(join(scratch.path, 'outside'), 'app:x:0:0::/:\n');
    symlinkSync('../../../outside', join(hostile, 'etc/passwd'));
    expect(() => resolveUser(hostile, 'app')).toThrow('no user');
    execFileSync('mkfifo', [join(hostile, 'etc/group')]);
    expect(() => resolveUser(hostile, '0:video')).toThrow('no group');
  });

  it('refuses a passwd of more than 4 MiB', () => {
    const huge = join(scratch.path, 'huge');
    mkdirSync(join(huge, 'etc'), { recursive: true });
    writeFileSync(join(huge, 'etc/passwd'), '');
    truncateSync(join(huge, 'etc/passwd'), 4 * 1024 * 1024 + 1);
    expect(() => resolveUser(huge, 'app')).toThrow('is not read');
  });
});

describe('resolveOwner()', () => {
  it.each([
    ['1000', { uid: 1000, gid: 1000 }],
    ['app', { uid: 1000, gid: 1001 }],
    ['app:audio', { uid: 1000, gid: 29 }],
    ['5:root', { uid: 5, gid: 0 }],
    ['root', { uid: 0, gid: 0 }],
    [':44', { uid: 0, gid: 44 }],
  ])('reads %j', (spec, owner) => {
    expect(resolveOwner(tree, spec)).toMatchObject(owner);
  });

  it('needs no passwd for root', () => {
    expect(resolveOwner(bare, 'root:root')).toEqual({ uid: 0, gid: 0 });
    expect(resolveOwner(bare, 'app')).toEqual({ uid: 0, gid: 0 }); // as in BuildKit: a name that is not known is root
  });
});
