import { readFileSync } from 'node:fs';
import { loadSystemCalls } from '@shale/core/linux';

/** `prlimit64`, by its number. */
const PRLIMIT: Readonly<Record<string, number>> = { x64: 302, arm64: 261 };
const OPEN_FILES = 7;

/**
 * Lowers the soft limit of open files to its value before Node raised it. A high limit breaks programs that use `select`, and
 * slows those that close every possible descriptor. Does nothing where the limit cannot be set.
 */
export function restoreOpenFilesLimit(soft: number): void {
  const calls = loadSystemCalls();
  const number = PRLIMIT[process.arch];
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  if (calls === undefined || number === undefined || hard === undefined || !Number.isSafeInteger(soft) || soft <= 0)
    return;
  const most = hard === 'unlimited' ? 2n ** 64n - 1n : BigInt(hard);
  const limits = new BigUint64Array([BigInt(soft) < most ? BigInt(soft) : most, most]);
  calls.syscall(number, 0, OPEN_FILES, new Uint8Array(limits.buffer), 0);
}
