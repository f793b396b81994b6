import { describe, expect, it } from 'vitest';
import { callFilter } from './filter.ts';
import { syscallTable } from './syscall-table.ts';

const SYS_CHROOT = 18;
const SYS_ADMIN = 21;
const X64 = 0xc000_003e;
const X86 = 0x4000_0003;
const ALLOWED = 0x7fff_0000;
const EPERM = 0x0005_0001;
const ENOSYS = 0x0005_0026;

/** Runs a filter as the kernel does. */
function verdict(filter: Uint8Array, architecture: number, number: number, argument = 0): number {
  const bytes = Buffer.from(filter);
  const data = new Map([
    [0, number],
    [4, architecture],
    [16, argument],
  ]);
  let accumulator = 0;
  for (let at = 0; ; at += 8) {
    const [code, whenTrue, whenFalse] = [bytes.readUInt16LE(at), bytes.readUInt8(at + 2), bytes.readUInt8(at + 3)];
    const value = bytes.readUInt32LE(at + 4);
    const branch = (isTrue: boolean) => (at += 8 * (isTrue ? whenTrue : whenFalse));
    if (code === 0x20) accumulator = data.get(value) ?? 0;
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x05) at += 8 * value;
    else if (code === 0x15) branch(accumulator === value);
    else if (code === 0x25) branch(accumulator > value);
    else if (code === 0x35) branch(accumulator >= value);
    else return value;
  }
}

const filterOf = (...capabilities: number[]) => callFilter('x64', new Set(capabilities)) ?? new Uint8Array();
const call = (name: string) => syscallTable.x64.get(name) ?? -1;

describe('callFilter()', () => {
  it.each(['read', 'execve', 'openat', 'futex', 'ptrace', 'mseal'])('allows %s', (name) => {
    expect(verdict(filterOf(), X64, call(name))).toBe(ALLOWED);
  });

  it.each(['mount', 'unshare', 'setns', 'bpf', 'open_by_handle_at', 'init_module', 'reboot', 'chroot'])(
    'refuses %s to a step without capabilities',
    (name) => {
      expect(verdict(filterOf(), X64, call(name))).toBe(EPERM);
    },
  );

  it.each([
    ['keyctl', 250],
    ['userfaultfd', 323],
    ['io_uring_setup', 425],
    ['add_key', 248],
    ['kexec_load', 246],
    ['a number that no kernel has', 9999],
    ['a call of x32', 0x4000_0000],
  ])('refuses %s, which no capability allows', (_name, number) => {
    expect(verdict(filterOf(SYS_ADMIN), X64, number)).toBe(EPERM);
  });

  it('lets a capability allow its calls', () => {
    expect(verdict(filterOf(SYS_CHROOT), X64, call('chroot'))).toBe(ALLOWED);
    expect(verdict(filterOf(SYS_ADMIN), X64, call('mount'))).toBe(ALLOWED);
  });

  it('lets clone make processes and threads, and no namespaces', () => {
    expect(verdict(filterOf(), X64, call('clone'), 0x0120_0011)).toBe(ALLOWED);
    expect(verdict(filterOf(), X64, call('clone'), 0x1000_0011)).toBe(EPERM);
    expect(verdict(filterOf(), X64, call('clone3'))).toBe(ENOSYS);
    expect(verdict(filterOf(SYS_ADMIN), X64, call('clone'), 0x1000_0011)).toBe(ALLOWED);
  });

  it.each([
    [1, ALLOWED],
    [2, ALLOWED],
    [16, ALLOWED],
    [38, EPERM],
    [39, ALLOWED],
    [40, EPERM],
    [45, ALLOWED],
    [46, EPERM],
  ])('gives a socket of family %i the verdict 0x%x', (family, expected) => {
    expect(verdict(filterOf(), X64, call('socket'), family)).toBe(expected);
  });

  it('knows the personalities that Docker knows', () => {
    expect(verdict(filterOf(), X64, call('personality'), 0xffff_ffff)).toBe(ALLOWED);
    expect(verdict(filterOf(), X64, call('personality'), 0x0004_0000)).toBe(EPERM);
  });

  it('judges programs of 32 bits by their own numbers', () => {
    expect(verdict(filterOf(), X86, syscallTable.x86.get('write') ?? -1)).toBe(ALLOWED);
    expect(verdict(filterOf(), X86, syscallTable.x86.get('mount') ?? -1)).toBe(EPERM);
    expect(verdict(filterOf(), 0xc000_0015, call('read'))).toBe(EPERM);
  });

  it('exists for x64 and arm64', () => {
    expect(callFilter('arm64', new Set())?.byteLength).toBeGreaterThan(0);
    expect(callFilter('s390x', new Set())).toBeUndefined();
  });
});
