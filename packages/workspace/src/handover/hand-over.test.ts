import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Becomes a shell that tells who it is, as PID 1 of a namespace of its own. */
const PROGRAM = `
import { handOver } from ${JSON.stringify(join(import.meta.dirname, 'hand-over.ts'))};
process.on('SIGUSR1', () => undefined);
handOver({
  command: '/bin/sh',
  args: ['-c', 'echo pid=$$; id -u; id -g; id -G; pwd; env | sort; grep SigIgn /proc/self/status; ls /proc/self/fd | wc -l; umask; ulimit -Sn'],
  env: { HOME: '/home/x', PATH: process.env.PATH },
  directory: '/usr',
  user: { uid: 1234, gid: 2345, groups: [2345, 998] },
}, { streams: [process.stdout, process.stderr], openFiles: 512 });
`;

describe('handOver()', () => {
  it('becomes the command: same PID, its user and groups, its environment, and nothing of ours', () => {
    const plain = spawnSync(
      'unshare',
      ['--pid', '--fork', '--mount-proc', '/bin/sh', '-c', 'ls /proc/self/fd | wc -l'],
      {
        encoding: 'utf8',
      },
    );
    const node = [process.execPath, '--conditions=@shale/source', '--input-type=module', '--eval', PROGRAM];
    const { stdout, stderr } = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', ...node], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', SECRET: 'not for init' },
    });
    expect(stderr.replace(/.*Warning.*\n|.*--trace-warnings.*\n/g, '')).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      'pid=1',
      '1234',
      '2345',
      '2345 998',
      '/usr',
      'HOME=/home/x',
      'PATH=/usr/bin:/bin',
      'PWD=/usr',
      'SigIgn:\t0000000000000000',
      plain.stdout.trim(),
      '0022',
      '512',
    ]);
  });
});
