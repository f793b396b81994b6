import { copyFileSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ExecutorContract } from './executor.contract.ts';
import type { ExecutorBench } from './executor-bench.contract.ts';
import { isInUserNamespace } from '../host/privileges.ts';

/** What a step may see and change outside of its tree. */
export function isolationCases(bench: ExecutorBench, hides: ExecutorContract['hides']): void {
  const hiding = (what: ExecutorContract['hides'][number]) => it.runIf(hides.includes(what));

  it('leaves root what Docker leaves it', async () => {
    await bench.run('touch /x; chmod 4755 /x; mkdir /d; echo > /d/f; exec chroot . /bin/true');
    expect(lstatSync(join(bench.root, 'x')).mode & 0o7777).toBe(0o4755);
    if (!hides.includes('mounts')) return;
    expect((await bench.run('grep CapBnd /proc/self/status')).stdout).toBe('CapBnd:\t00000000a80425fb\n');
    expect(await bench.run('mount -t tmpfs none /tmp')).toMatchObject({ code: 1 });
  });

  hiding('system calls')('refuses the system calls that Docker refuses', async () => {
    const namespace = await bench.run('grep Seccomp: /proc/self/status; unshare -U true');
    expect(namespace).toMatchObject({ stdout: 'Seccomp:\t2\n', code: 1 });
    expect(namespace.stderr).toContain('Operation not permitted');
    expect(await bench.run('unshare -U true', { security: 'insecure' })).toMatchObject({ code: 0 });
  });

  it('takes nothing from an insecure step', async () => {
    const bounding = await bench.run('grep CapBnd /proc/self/status', { security: 'insecure' });
    if (!hides.includes('mounts')) return;
    expect(readFileSync('/proc/self/status', 'utf8')).toContain(bounding.stdout);
    expect(await bench.run('mount -t tmpfs none /tmp', { security: 'insecure' })).toMatchObject({ code: 0 });
  });

  hiding('mounts')('names the host as asked, in /etc/hosts too', async () => {
    expect((await bench.run('hostname; cat /etc/hosts')).stdout).toMatch(
      /^contract\n[^]*127\.0\.0\.1\tlocalhost contract\n/,
    );
  });

  hiding('mounts')('shows the step the descriptors 0, 1 and 2 only, and pipes that anybody may reopen', async () => {
    expect(
      (await bench.run('ls /proc/$$/fd; echo ok > /dev/stdout', { user: { uid: 7, gid: 7, groups: [7] } })).stdout,
    ).toBe('0\n1\n2\nok\n');
  });

  it.runIf(hides.includes('mounts') && !isInUserNamespace())(
    'lets root make device nodes, which cannot be opened',
    async () => {
      expect(await bench.run('mknod /zero c 1 5 && head -c 1 /zero')).toMatchObject({ code: 1 });
      expect(lstatSync(join(bench.root, 'zero')).isCharacterDevice()).toBe(true);
      expect(await bench.run('mknod /dev/other c 1 5 && head -c 1 /dev/other')).toMatchObject({ code: 1 });
    },
  );

  hiding('mounts')('keeps root from the kernel settings and other mounts', async () => {
    expect(await bench.run('echo x > /proc/sys/kernel/core_pattern')).toMatchObject({ code: 1 });
    expect(await bench.run('echo x > /sys/kernel/uevent_seqnum')).toMatchObject({ code: 1 });
    const escape = 'mkdir /tmp/e; exec chroot /tmp/e /bin/sh';
    expect((await bench.run(escape)).code).toBe(127);
  });

  hiding('mounts')('cannot be left by a chroot in a chroot', async () => {
    copyFileSync('/bin/busybox', join(bench.root, 'tmp/busybox'));
    mkdirSync(join(bench.root, 'tmp/jail'));
    const script = 'cd /; exec chroot /tmp /busybox sh -c "cd ../../../../../../..; /busybox ls etc/passwd"';
    expect((await bench.run(script)).code).not.toBe(0);
  });

  hiding('processes')('shows the step its own processes only', async () => {
    const { stdout } = await bench.run(
      'for p in /proc/[0-9]*; do cat $p/comm; done; cat /proc/1/environ; ls -l /proc/1/root',
    );
    expect(stdout.match(/node|vitest/)).toBeNull();
    expect(stdout).not.toContain('PATH=');
  });

  hiding('processes')('reaps orphans, as an init has to', async () => {
    const script = 'p=$(sh -c "sleep 0.05 & echo \\$!"); sleep 0.3; kill -0 $p 2>/dev/null || echo reaped';
    expect((await bench.run(script)).stdout).toBe('reaped\n');
  });

  hiding('processes')('survives a step that kills all processes', async () => {
    expect(await bench.run("trap '' TERM; kill -9 -1; echo alive")).toMatchObject({ code: 0, stdout: 'alive\n' });
  });

  hiding('network')('has loopback alone without a network', async () => {
    const { stdout } = await bench.run('ip -o addr', { network: 'none' });
    expect(stdout).toContain('127.0.0.1');
    expect(stdout.split('\n').filter((line) => !line.includes(' lo ') && line !== '')).toEqual([]);
  });
}
