import { readFileSync } from 'node:fs';

/** Bits of the kernel's capability sets. @see https://man7.org/linux/man-pages/man7/capabilities.7.html */
export const Capability = { sysChroot: 18, sysAdmin: 21 } as const;

/** Whether this process has the capability in effect. */
export function hasCapability(capability: number): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return ((BigInt(`0x${effective}`) >> BigInt(capability)) & 1n) === 1n;
}

const WHOLE_RANGE = /^\s*0\s+0\s+4294967295\s*$/;

/** Whether this process's rights are those of a user namespace only, and not the host's. */
export function isInUserNamespace(): boolean {
  return !WHOLE_RANGE.test(readFileSync('/proc/self/uid_map', 'utf8'));
}
