import type { BigIntStats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { fileSystemCalls, hostPath } from '@shale/core/archive';

const SECOND = 1_000_000_000n;

/** With times to the nanosecond, which a double does not hold. */
export function exactStats(host: string): BigIntStats {
  return lstatSync(hostPath(host), { bigint: true });
}

/** `fd`, if open to write, makes it faster. */
export function setTime(host: string, { mtimeNs }: Pick<BigIntStats, 'mtimeNs'>, fd?: number): void {
  const nanoseconds = ((mtimeNs % SECOND) + SECOND) % SECOND; // also before 1970
  fileSystemCalls().setTimes(hostPath(host), Number((mtimeNs - nanoseconds) / SECOND), Number(nanoseconds), fd);
}
