import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import { CloneFlag, FileType, LockOperation, MountFlag, ProcessControl, UnmountFlag } from './flags.ts';
import { loadSystemCalls } from './system-calls.ts';

const calls = loadSystemCalls();
const isRoot = process.getuid?.() === 0;

it.runIf(calls)('lsetxattr() and lgetxattr() keep bytes and never follow a symlink', async () => {
  await using scratch = await openScratchDirectory();
  const file = join(scratch.path, 'é');
  writeFileSync(file, '');
  symlinkSync('nowhere', join(scratch.path, 'link'));
  const value = Uint8Array.from({ length: 256 }, (_, index) => index);
  calls?.lsetxattr(file, 'user.bytes', value);
  calls?.lsetxattr(file, 'user.empty', new Uint8Array());
  expect(calls?.lgetxattr(file, 'user.bytes')).toEqual(value);
  expect(calls?.lgetxattr(file, 'user.empty')).toEqual(new Uint8Array());
  expect(calls?.llistxattr(file).toSorted()).toEqual(['user.bytes', 'user.empty']);
  expect(calls?.lgetxattr(file, 'user.absent')).toBeUndefined();
  expect(calls?.llistxattr(join(scratch.path, 'link'))).toEqual([]);
  calls?.lremovexattr(file, 'user.bytes');
  expect(calls?.llistxattr(file)).toEqual(['user.empty']);
  const names = Array.from({ length: 40 }, (_, index) => `user.of-some-length-${index}`);
  for (const name of names) calls?.lsetxattr(file, name, new Uint8Array());
  const fd = openSync(file, 'r');
  for (const found of [calls?.llistxattr(file), calls?.flistxattr(fd)])
    expect(found?.toSorted()).toEqual([...names, 'user.empty'].toSorted());
  closeSync(fd);
});

it.runIf(calls)('loadSystemCalls() names the failure as node:fs does', () => {
  const failure = expect.objectContaining({ code: 'ENOENT', syscall: 'llistxattr' });
  expect(() => calls?.llistxattr('/nonexistent')).toThrow(failure);
  expect(() => calls?.chroot('/etc/passwd\0x')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

it.runIf(calls)('lutimens() and futimens() are exact to the nanosecond, before 1970 too', async () => {
  await using scratch = await openScratchDirectory();
  const name = Buffer.concat([Buffer.from(`${scratch.path}/`), Buffer.from([0xff, 0xfe])]);
  symlinkSync('nowhere', name);
  const fd = openSync(join(scratch.path, 'file'), 'wx');
  for (const [seconds, nanoseconds] of [
    [1_700_000_000, 123_456_789],
    [-2, 999_999_999],
    [4_294_967_296, 1],
  ] as const) {
    calls?.lutimens(name, seconds, nanoseconds);
    calls?.futimens(fd, seconds, nanoseconds);
    const times = [lstatSync(name, { bigint: true }), fstatSync(fd, { bigint: true })].map(({ mtimeNs }) => mtimeNs);
    const wanted = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
    expect(times).toEqual([wanted, wanted]);
  }
  closeSync(fd);
});

it.runIf(calls && isRoot)('mknod() makes devices with numbers of any size', async () => {
  await using scratch = await openScratchDirectory();
  const device = join(scratch.path, 'device');
  calls?.mknod(device, FileType.character | 0o644, { major: 300, minor: 70_000 });
  expect(execFileSync('stat', ['-c', '%F %t %T', device], { encoding: 'utf8' })).toBe(
    'character special file 12c 11170\n',
  );
  const fifo = join(scratch.path, 'fifo');
  calls?.mknod(fifo, FileType.fifo | 0o600);
  expect(lstatSync(fifo).isFIFO()).toBe(true);
});

it.runIf(calls)('flock() excludes another open file', async () => {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'lock');
  const [first, second] = [openSync(path, 'w'), openSync(path, 'w')];
  calls?.flock(first, LockOperation.exclusive);
  expect(() => calls?.flock(second, LockOperation.exclusive | LockOperation.nonBlocking)).toThrow(
    expect.objectContaining({ code: 'EAGAIN' }),
  );
  calls?.flock(first, LockOperation.unlock);
  calls?.flock(second, LockOperation.exclusive | LockOperation.nonBlocking);
});

it.runIf(calls)('prctl() and syscall() return what the kernel returns', () => {
  expect(calls?.prctl(ProcessControl.getDumpable)).toBe(1);
  const getpid = process.arch === 'arm64' ? 172 : 39;
  expect(calls?.syscall(getpid)).toBe(BigInt(process.pid));
});

it.runIf(calls && isRoot)('mount() and chroot() work in a namespace of a child', async () => {
  await using scratch = await openScratchDirectory();
  const root = join(scratch.path, 'root');
  mkdirSync(root);
  chownSync(root, 0, 0);
  const script = `
    import { loadSystemCalls } from ${JSON.stringify(new URL('system-calls.ts', import.meta.url).href)};
    import { readdirSync, writeFileSync, readFileSync } from 'node:fs';
    const calls = loadSystemCalls();
    calls.unshare(${CloneFlag.newMount | CloneFlag.newUts});
    calls.sethostname('inside');
    calls.mount({ source: 'none', target: '/', flags: ${MountFlag.recursive | MountFlag.private} });
    calls.mount({ source: 'tmpfs', target: ${JSON.stringify(root)}, type: 'tmpfs', data: 'size=1m', flags: ${MountFlag.noDev} });
    const host = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
    calls.chroot(${JSON.stringify(root)});
    calls.chdir('/');
    writeFileSync('/made', '');
    process.stdout.write(host + ' ' + readdirSync('/').join());
    calls.chroot('.');
    try { calls.umount('/', ${UnmountFlag.detach}); } catch (error) { process.stdout.write(' ' + error.code); }
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(output).toMatch(/^inside made/);
  expect(existsSync(join(root, 'made'))).toBe(false);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(root);
});
