import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { requireCommand } from '../src/command.ts';

/** What one build cost. */
export interface Usage {
  readonly milliseconds: number;
  /** User and system time of the program, its children and its daemon. */
  readonly cpuSeconds: number;
  /** The largest resident set of any one process, the daemon included. */
  readonly peakMiB: number;
}

const CLOCK_TICKS = 100;
const KIB_PER_MIB = 1024;

/** Runs a program that must succeed, under GNU time. `daemon` works for it and is counted too. */
export async function measureUsage(
  command: readonly string[],
  { scratch, daemon, env }: { scratch: string; daemon?: number; env?: Readonly<Record<string, string>> },
): Promise<Usage> {
  const report = `${scratch}.time`;
  const before = daemon === undefined ? 0 : cpuSecondsOf(daemon);
  if (daemon !== undefined) writeFileSync(`/proc/${daemon}/clear_refs`, '5'); // the peak starts anew
  const started = performance.now();
  await requireCommand(['/usr/bin/time', '--format', '%U %S %M', '--output', report, ...command], { env });
  const milliseconds = performance.now() - started;
  const [user = 0, system = 0, peakKiB = 0] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
  await rm(report);
  if (daemon === undefined) return { milliseconds, cpuSeconds: user + system, peakMiB: peakKiB / KIB_PER_MIB };
  return {
    milliseconds,
    cpuSeconds: user + system + cpuSecondsOf(daemon) - before,
    peakMiB: Math.max(peakKiB, peakKiBOf(daemon)) / KIB_PER_MIB,
  };
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  return ((utime ?? 0) + (stime ?? 0) + (cutime ?? 0) + (cstime ?? 0)) / CLOCK_TICKS;
}

function peakKiBOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}
