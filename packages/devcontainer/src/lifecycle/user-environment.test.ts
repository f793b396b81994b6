import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { environmentProbes, remoteEnvironment } from './user-environment.ts';

describe('environmentProbes()', () => {
  it('reads what a shell sets up, whatever else it prints', () => {
    const [probe] = environmentProbes('interactiveShell', { shell: '/bin/sh', mark: 'MARK' });
    const [program = '', ...args] = probe?.argv ?? [];
    const env = { PATH: process.env['PATH'], LINES2: 'a\nb=c', PWD: '/', ENV: '' };
    const stdout = execFileSync(program, args, { env, input: '', encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
    expect(probe?.parse(`motd\n${stdout}bye`)).toMatchObject({ LINES2: 'a\nb=c' });
    expect(probe?.parse(stdout)).not.toHaveProperty('PWD');
    expect(probe?.parse('no such file')).toBeUndefined();
  });

  it.each([
    ['loginInteractiveShell', '/bin/bash', ['-lic']],
    ['loginShell', '/bin/bash', ['-lc']],
    ['loginShell', '/usr/bin/pwsh', ['-Login', '-Command']],
    ['interactiveShell', '/usr/bin/pwsh', ['-Command']],
  ] as const)('runs %s of %s with %j', (probe, shell, flags) => {
    expect(environmentProbes(probe, { shell, mark: 'M' })[0]?.argv.slice(1, -1)).toEqual(flags);
  });

  it('asks nothing for none', () => {
    expect(environmentProbes('none', { shell: '/bin/sh', mark: 'M' })).toEqual([]);
  });
});

describe('remoteEnvironment()', () => {
  const parts = {
    containerEnv: { PATH: '/a:/b/sbin:/c', A: '1' },
    probed: { A: '2', B: '2', PATH: '/c:/d' },
    remoteEnv: {},
  };

  it('lets the shell, remoteEnv and secrets win, in this order, and null take away', () => {
    const remoteEnv = { B: '3', C: 3, A: null };
    expect(remoteEnvironment({ ...parts, remoteEnv, secrets: { C: '4' }, isRoot: true })).toEqual({
      PATH: '/a:/b/sbin:/c:/d',
      B: '3',
      C: '4',
    });
  });

  it('keeps folders of system programs from those who are not root', () => {
    expect(remoteEnvironment({ ...parts, isRoot: false })['PATH']).toBe('/a:/c:/d');
  });
});
