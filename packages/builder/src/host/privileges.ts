import { readFileSync, readlinkSync } from 'node:fs';

/** Bits of the kernel's capability sets. @see https://man7.org/linux/man-pages/man7/capabilities.7.html */
export const Capability = { sysChroot: 18, sysAdmin: 21 } as const;

/** Whether this process has the capability in effect. */
export function hasCapability(capability: number): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return ((BigInt(`0x${effective}`) >> BigInt(capability)) & 1n) === 1n;
}

/** The kernel gives the first user namespace this number, always. */
const INITIAL_USER_NAMESPACE = 'user:[4026531837]';

/** Whether this process's rights are those of a user namespace only, and not the host's. */
export function isInUserNamespace(): boolean {
  return readlinkSync('/proc/self/ns/user') !== INITIAL_USER_NAMESPACE;
}
