/** What every sandbox has in `/dev`, and hides elsewhere. */

export const DEVICES: readonly string[] = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** Name in `/dev`, and target. */
export const DEVICE_LINKS: readonly (readonly [string, string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
];

/** As Docker has them: root without capabilities could still harm the host through these. */
export const MASKED_PATHS: readonly string[] = [
  'proc/asound',
  'proc/acpi',
  'proc/kcore',
  'proc/keys',
  'proc/latency_stats',
  'proc/timer_list',
  'proc/timer_stats',
  'proc/sched_debug',
  'proc/scsi',
  'sys/firmware',
  'sys/devices/virtual/powercap',
];

export const READ_ONLY_PATHS: readonly string[] = ['proc/bus', 'proc/fs', 'proc/irq', 'proc/sys', 'proc/sysrq-trigger'];

export function hostsFile(hostname: string): string {
  return `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`;
}
