import { closeSync, constants, openSync } from 'node:fs';
import type { SystemCalls } from '@shale/core/linux';

/** The same on every architecture. */
const Call = { createRuleset: 444, addRule: 445, restrictSelf: 446 } as const;
const VERSION_FLAG = 1;
const RULE_PATH_BENEATH = 1;
const O_PATH = 0o10000000;

/** Kinds of access to files, by the version of Landlock that brought them. Those of version 1 are 13 bits. */
const FIRST_ACCESS = 0x1fff;
const LATER_ACCESS: ReadonlyMap<number, number> = new Map([
  [2, 1 << 13], // renaming between directories
  [3, 1 << 14], // truncating
  [5, 1 << 15], // ioctl of devices
]);
/** Abstract sockets and signals of processes outside. */
const SCOPES = 0b11;
const SCOPES_VERSION = 6;
const NETWORK_VERSION = 4;

/**
 * Keeps the calling thread, and what it starts, to the files below its root. From Linux 6.12 on it also reaches no abstract
 * socket and no process outside. So a directory that another step hands over is of no use.
 *
 * @returns `false` where the kernel has no Landlock, or allows it only together with no_new_privs, which would take `sudo`
 * from the step.
 * @see https://www.kernel.org/doc/html/v6.12/userspace-api/landlock.html
 */
export function stayBelowRoot(calls: SystemCalls): boolean {
  try {
    const version = Number(calls.syscall(Call.createRuleset, 0, 0, VERSION_FLAG));
    const access = accessOf(version);
    const ruleset = createRuleset(calls, version, access);
    const root = openSync('/', O_PATH | constants.O_DIRECTORY);
    try {
      calls.syscall(Call.addRule, ruleset, RULE_PATH_BENEATH, pathRule(access, root), 0);
      calls.syscall(Call.restrictSelf, ruleset, 0);
    } finally {
      closeSync(root);
      closeSync(ruleset);
    }
    return true;
  } catch (error) {
    if (['ENOSYS', 'EOPNOTSUPP', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

function accessOf(version: number): number {
  const later = [...LATER_ACCESS].filter(([since]) => since <= version);
  return later.reduce((all, [, bit]) => all | bit, FIRST_ACCESS);
}

/** `struct landlock_ruleset_attr`: older kernels refuse the fields that they do not know. */
function createRuleset(calls: SystemCalls, version: number, access: number): number {
  const scopes = version >= SCOPES_VERSION ? SCOPES : 0;
  const fields = new BigUint64Array([BigInt(access), 0n, BigInt(scopes)]);
  const known = version >= SCOPES_VERSION ? 3 : version >= NETWORK_VERSION ? 2 : 1;
  const attributes = new Uint8Array(fields.buffer, 0, known * fields.BYTES_PER_ELEMENT);
  return Number(calls.syscall(Call.createRuleset, attributes, attributes.byteLength, 0));
}

/** `struct landlock_path_beneath_attr`. */
function pathRule(access: number, directory: number): Uint8Array {
  const rule = Buffer.alloc(12);
  rule.writeBigUInt64LE(BigInt(access));
  rule.writeInt32LE(directory, 8);
  return rule;
}
