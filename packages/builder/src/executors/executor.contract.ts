import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Executor, StepProcess } from './executor.ts';
import { isInUserNamespace } from '../host/privileges.ts';

export interface ExecutorContract {
  readonly open: () => Executor;
  /** What this executor hides from steps. Without, the builder's own is seen. */
  readonly hides: readonly ('processes' | 'network' | 'hostname' | 'mounts')[];
  /** Where a step's tree is while the step runs. @default where it always is */
  readonly rootWhileRunning?: string | undefined;
  /** Why the executor cannot run here; `undefined` when it can. */
  readonly skip?: string | undefined;
}

/** In seconds: a sleep that this process alone has started. */
const LONG = 1_000_000 + process.pid;

const APPLETS = ['sh', 'cat', 'chmod', 'chroot', 'echo', 'env', 'find', 'grep', 'hostname', 'id', 'ip', 'ln', 'ls'];
const MORE_APPLETS = [
  'mkdir',
  'mknod',
  'mv',
  'ps',
  'pwd',
  'rm',
  'setsid',
  'sleep',
  'stat',
  'touch',
  'true',
  'wc',
  'yes',
];

/** A tree of busybox alone, without `/dev`, `/proc` or `/etc`. */
export function makeBusyboxTree(path: string): void {
  mkdirSync(join(path, 'bin'), { recursive: true });
  mkdirSync(join(path, 'tmp'));
  chmodSync(join(path, 'tmp'), 0o1777);
  copyFileSync('/bin/busybox', join(path, 'bin/busybox'));
  for (const applet of [...APPLETS, ...MORE_APPLETS, 'head', 'kill', 'test', 'dd', 'unshare', 'mount']) {
    symlinkSync('busybox', join(path, 'bin', applet));
  }
}

/** Every executor runs this one suite. */
export function executorContract(name: string, { open, hides, rootWhileRunning, skip }: ExecutorContract): void {
  const hiding = (what: ExecutorContract['hides'][number]) => it.runIf(hides.includes(what));

  describe.skipIf(skip !== undefined)(name, () => {
    let scratch: ScratchDirectory;
    let executor: Executor;
    let root: string;
    let count = 0;

    beforeAll(async () => {
      scratch = await openScratchDirectory();
      executor = open();
    });
    beforeEach(() => {
      root = join(scratch.path, `tree-${(count += 1)}`);
      makeBusyboxTree(root);
    });
    afterAll(() => scratch[Symbol.asyncDispose]());

    async function run(script: string | readonly string[], step: Partial<StepProcess> = {}, signal?: AbortSignal) {
      const output = { stdout: '', stderr: '' };
      const code = await executor.run(
        {
          root,
          args: typeof script === 'string' ? ['/bin/sh', '-c', script] : script,
          env: ['PATH=/bin'],
          cwd: '/',
          user: { uid: 0, gid: 0, groups: [0] },
          hostname: 'contract',
          network: 'host',
          security: 'sandbox',
          mounts: [],
          ...step,
        },
        { signal, onOutput: (stream, data) => void (output[stream] += Buffer.from(data).toString()) },
      );
      return { code, ...output };
    }

    /** Names and kinds, to see what a step leaves. */
    const listing = () =>
      execFileSync('find', ['.', '-path', './bin', '-prune', '-o', '-printf', '%p %y %m %u:%g %T@\n'], {
        cwd: root,
        encoding: 'utf8',
      })
        .split('\n')
        .sort()
        .join('\n');

    it('gives output by stream, and the exit code', async () => {
      expect(await run('echo out; echo err >&2; exit 42')).toEqual({ code: 42, stdout: 'out\n', stderr: 'err\n' });
    });

    it('finds the program on the PATH of the step', async () => {
      mkdirSync(join(root, 'own'));
      symlinkSync('/bin/busybox', join(root, 'own/true'));
      expect(await run(['true'], { env: ['PATH=/nothing:/own'] })).toMatchObject({ code: 0 });
    });

    it('tells a program that is missing (127) from one that cannot be executed (126)', async () => {
      writeFileSync(join(root, 'data'), 'no program');
      const missing = await run(['absent']);
      expect(missing).toMatchObject({ code: 127 });
      expect(missing.stderr).toContain('absent');
      expect(await run(['/data'])).toMatchObject({ code: 126 });
    });

    it('counts death by a signal as 128 and its number', async () => {
      expect(await run('kill -9 $$')).toMatchObject({ code: 137 });
      expect(await run('kill -15 $$')).toMatchObject({ code: 143 });
    });

    it('passes the environment exactly, and arguments as they are', async () => {
      const env = ['PATH=/bin', 'EMPTY=', 'EQUALS=a=b', 'LINES=a\nb'];
      expect((await run(['env'], { env })).stdout.trimEnd().split('\n').sort()).toEqual(
        env.join('\n').split('\n').sort(),
      );
      expect((await run(['sh', '-c', 'echo "$#:$1:$2"', 'x', '', 'a b'])).stdout).toBe('2::a b\n');
    });

    it('starts in the working directory, which it makes', async () => {
      expect((await run('pwd; stat -c %a:%u . ..', { cwd: '/a/b' })).stdout).toBe('/a/b\n755:0\n755:0\n');
    });

    it('runs as the user with its groups', async () => {
      const user = { uid: 1000, gid: 1001, groups: [1001, 44, 29] };
      expect((await run('id; echo x > /tmp/own; stat -c %u:%g /tmp/own', { user })).stdout).toBe(
        'uid=1000 gid=1001 groups=29,44,1001\n1000:1001\n',
      );
    });

    it('leaves root what Docker leaves it', async () => {
      await run('touch /x; chmod 4755 /x; mkdir /d; echo > /d/f; exec chroot . /bin/true');
      expect(lstatSync(join(root, 'x')).mode & 0o7777).toBe(0o4755);
      if (!hides.includes('mounts')) return;
      expect((await run('grep CapBnd /proc/self/status')).stdout).toBe('CapBnd:\t00000000a80425fb\n');
      expect(await run('mount -t tmpfs none /tmp')).toMatchObject({ code: 1 });
    });

    it('takes nothing from an insecure step', async () => {
      const bounding = await run('grep CapBnd /proc/self/status', { security: 'insecure' });
      if (!hides.includes('mounts')) return;
      expect(readFileSync('/proc/self/status', 'utf8')).toContain(bounding.stdout);
      expect(await run('mount -t tmpfs none /tmp', { security: 'insecure' })).toMatchObject({ code: 0 });
    });

    it('starts programs as they expect: umask, open files, standard input', async () => {
      expect((await run('umask; ulimit -Sn; cat; ls /dev/fd/ 2>/dev/null | wc -l')).stdout).toMatch(/^0022\n1024\n/);
    });

    it.skipIf(isInUserNamespace() && !hides.includes('mounts'))(
      'has device nodes that work, and standard output as a file',
      async () => {
        const script = 'echo > /dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; ls -d /dev/full';
        expect(await run(script)).toMatchObject({ code: 0, stdout: '4\n4\n/dev/full\n' });
      },
    );

    it('keeps much output whole', async () => {
      expect((await run('yes 123456789 | head -c 20000000')).stdout).toHaveLength(20_000_000);
    });

    it('ends what the step left running', async () => {
      const started = Date.now();
      expect(await run(`sleep ${LONG} & setsid sleep ${LONG} & echo started`)).toMatchObject({
        code: 0,
        stdout: 'started\n',
      });
      expect(Date.now() - started).toBeLessThan(10_000);
      expect(processesIn(root)).toEqual([]);
    });

    it('asks to end with SIGTERM when aborted', async () => {
      const abort = new AbortController();
      const running = run(
        "trap 'echo x > /tmp/asked; exit 1' TERM; echo > /tmp/ready; while :; do sleep 0.05; done",
        {},
        abort.signal,
      );
      await exists(join(rootWhileRunning ?? root, 'tmp/ready'));
      abort.abort(new Error('enough'));
      await expect(running).rejects.toThrow('enough');
      expect(existsSync(join(root, 'tmp/asked'))).toBe(true);
    });

    it('kills what does not end when aborted', async () => {
      const abort = new AbortController();
      const running = run(
        `trap '' TERM; setsid sh -c 'trap "" TERM; sleep ${LONG}' & echo > /tmp/ready; while :; do sleep 0.05; done`,
        {},
        abort.signal,
      );
      await exists(join(rootWhileRunning ?? root, 'tmp/ready'));
      abort.abort(new Error('enough'));
      await expect(running).rejects.toThrow('enough');
      expect(processesIn(root)).toEqual([]);
    });

    it('does not start when aborted before', async () => {
      await expect(run('touch /x', {}, AbortSignal.abort(new Error('early')))).rejects.toThrow('early');
      expect(existsSync(join(root, 'x'))).toBe(false);
    });

    it('leaves nothing of its own in the tree', async () => {
      utimesSync(join(root, 'tmp'), 1, 1);
      utimesSync(root, 2, 2);
      const before = listing();
      const source = join(scratch.path, `source-${count}`);
      mkdirSync(source);
      const mounts: StepProcess['mounts'] = [
        { type: 'bind', source, target: '/var/cache/x', readOnly: false },
        { type: 'bind', source: '/etc/hostname', target: '/tmp/secret', readOnly: true },
        { type: 'tmpfs', target: '/run/t' },
      ];
      expect(await run('cat /tmp/secret', { mounts })).toMatchObject({ code: 0 });
      expect(listing()).toBe(before);
    });

    it('keeps what the step wrote beside a mount, and the time of that', async () => {
      const mounts: StepProcess['mounts'] = [{ type: 'tmpfs', target: '/run/t' }];
      await run('echo 1 > /run/own; touch -t 200001010000 /run; echo 2 > /run/t/lost', { mounts });
      expect(readdirSync(join(root, 'run'))).toEqual(['own']);
      expect(lstatSync(join(root, 'run')).mtime.getUTCFullYear()).toBe(2000);
    });

    it('mounts files and directories, to read or to write', async () => {
      const source = join(scratch.path, `source-${count}`);
      mkdirSync(join(source, 'sub'), { recursive: true });
      writeFileSync(join(source, 'file'), 'content');
      const mounts: StepProcess['mounts'] = [
        { type: 'bind', source, target: '/rw', readOnly: false },
        { type: 'bind', source, target: '/ro', readOnly: true },
        { type: 'bind', source: join(source, 'file'), target: '/deep/in/file', readOnly: true },
      ];
      const script = 'cat /ro/file /deep/in/file; echo new > /rw/made; echo > /ro/file; ls /rw';
      expect((await run(script, { mounts })).stdout).toBe('contentcontentfile\nmade\nsub\n');
      expect(readFileSync(join(source, 'made'), 'utf8')).toBe('new\n');
      expect(readFileSync(join(source, 'file'), 'utf8')).toBe('content');
    });

    it('covers what the image has, and gives it back', async () => {
      mkdirSync(join(root, 'data/own'), { recursive: true });
      writeFileSync(join(root, 'data/file'), 'of the image');
      utimesSync(join(root, 'data'), 3, 3);
      mkdirSync(join(root, 'etc'));
      writeFileSync(join(root, 'etc/hosts'), 'of the image');
      const before = listing();
      const source = join(scratch.path, `source-${count}`);
      mkdirSync(source);
      writeFileSync(join(source, 'file'), 'content');
      const mounts: StepProcess['mounts'] = [
        { type: 'bind', source, target: '/data', readOnly: true },
        { type: 'tmpfs', target: '/bin/t' },
      ];
      expect((await run('ls /data; cat /etc/hosts', { mounts })).stdout).toMatch(/^file\n127/);
      expect(listing()).toBe(before);
      expect(readFileSync(join(root, 'etc/hosts'), 'utf8')).toBe('of the image');
    });

    it('brings back what was removed from a mount', async () => {
      const source = join(scratch.path, `source-${count}`);
      mkdirSync(join(source, 'old'), { recursive: true });
      const mounts: StepProcess['mounts'] = [{ type: 'bind', source, target: '/cache', readOnly: false }];
      await run('rm -r /cache/old; ln -s /etc /cache/link; chmod 700 /cache', { mounts });
      expect(readdirSync(source)).toEqual(['link']);
      expect(readlinkSync(join(source, 'link'))).toBe('/etc');
    });

    it('passes a socket on', async () => {
      const path = join(scratch.path, `s${count}`);
      const server = createServer().listen(path);
      try {
        await once(server, 'listening');
        const mounts: StepProcess['mounts'] = [{ type: 'bind', source: path, target: '/run/agent', readOnly: false }];
        expect(await run('test -S /run/agent', { mounts })).toMatchObject({ code: 0 });
        expect(existsSync(join(root, 'run'))).toBe(false);
        expect(existsSync(path)).toBe(true);
      } finally {
        server.close();
      }
    });

    // in place, what stays in place is within the tree
    it.skipIf(rootWhileRunning === '/')('makes the working directory within the tree', async () => {
      const outside = join(scratch.path, `outside-${count}`);
      mkdirSync(outside);
      symlinkSync(outside, join(root, 'link'));
      await run('pwd', { cwd: '/link/x' });
      expect(readdirSync(outside)).toEqual([]);
    });

    it('drops what is written to a mount that takes writes', async () => {
      const source = join(scratch.path, `source-${count}`);
      mkdirSync(join(source, 'sub'), { recursive: true });
      writeFileSync(join(source, 'file'), 'content');
      const mounts: StepProcess['mounts'] = [
        { type: 'overlay', source, target: '/dir' },
        { type: 'overlay', source: join(source, 'file'), target: '/one' },
      ];
      const script = 'echo more >> /dir/file; echo more >> /one; rm -r /dir/sub; cat /dir/file /one; ls /dir';
      expect((await run(script, { mounts })).stdout).toBe('contentmore\ncontentmore\nfile\n');
      expect(readdirSync(source)).toEqual(['file', 'sub']);
      expect(readFileSync(join(source, 'file'), 'utf8')).toBe('content');
      expect(readdirSync(root).sort()).toEqual(['bin', 'tmp']);
    });

    it('has memory at a tmpfs mount', async () => {
      const mounts: StepProcess['mounts'] = [{ type: 'tmpfs', target: '/tmp/t', mode: 0o700 }];
      expect((await run('stat -c %a /tmp/t; echo x > /tmp/t/f; cat /tmp/t/f', { mounts })).stdout).toBe('700\nx\n');
      expect(readdirSync(join(root, 'tmp'))).toEqual([]);
    });

    it('resolves mount targets within the tree', async () => {
      const outside = join(scratch.path, `outside-${count}`);
      mkdirSync(outside);
      symlinkSync(outside, join(root, 'link'));
      symlinkSync('../../../../../..', join(root, 'up'));
      const mounts: StepProcess['mounts'] = [
        { type: 'bind', source: '/etc/hostname', target: '/link/a', readOnly: true },
        { type: 'bind', source: '/etc/hostname', target: `/up${outside}/b`, readOnly: true },
      ];
      expect(await run('cat /link/a', { mounts })).toMatchObject({ code: 0 });
      expect(readdirSync(outside)).toEqual([]);
    });

    it('removes nothing outside when the step replaces a mount point by a symlink', async () => {
      const outside = join(scratch.path, `outside-${count}`);
      mkdirSync(outside);
      writeFileSync(join(outside, 'x'), '');
      const mounts: StepProcess['mounts'] = [
        { type: 'bind', source: '/etc/hostname', target: '/run/s/x', readOnly: true },
      ];
      await run(
        `mv /run /gone; ln -s ${outside.replace(/\/[^/]+$/, '')} /run; mkdir -p ${outside}; ln -s ${outside} /run/s`,
        { mounts },
      );
      expect(readdirSync(outside)).toEqual(['x']);
    });

    it('keeps the symlinks of the image where files are mounted', async () => {
      mkdirSync(join(root, 'etc'));
      symlinkSync('../run/resolve/stub.conf', join(root, 'etc/resolv.conf'));
      const before = listing();
      expect(await run('cat /etc/resolv.conf')).toMatchObject({ code: 0 });
      expect(listing()).toBe(before);
      expect(readlinkSync(join(root, 'etc/resolv.conf'))).toBe('../run/resolve/stub.conf');
    });

    hiding('mounts')('names the host as asked, in /etc/hosts too', async () => {
      expect((await run('hostname; cat /etc/hosts')).stdout).toMatch(
        /^contract\n[^]*127\.0\.0\.1\tlocalhost contract\n/,
      );
    });

    hiding('mounts')('shows the step the descriptors 0, 1 and 2 only, and pipes that anybody may reopen', async () => {
      expect(
        (await run('ls /proc/$$/fd; echo ok > /dev/stdout', { user: { uid: 7, gid: 7, groups: [7] } })).stdout,
      ).toBe('0\n1\n2\nok\n');
    });

    it.runIf(hides.includes('mounts') && !isInUserNamespace())(
      'lets root make device nodes, which cannot be opened',
      async () => {
        expect(await run('mknod /zero c 1 5 && head -c 1 /zero')).toMatchObject({ code: 1 });
        expect(lstatSync(join(root, 'zero')).isCharacterDevice()).toBe(true);
        expect(await run('mknod /dev/other c 1 5 && head -c 1 /dev/other')).toMatchObject({ code: 1 });
      },
    );

    hiding('mounts')('keeps root from the kernel settings and other mounts', async () => {
      expect(await run('echo x > /proc/sys/kernel/core_pattern')).toMatchObject({ code: 1 });
      expect(await run('echo x > /sys/kernel/uevent_seqnum')).toMatchObject({ code: 1 });
      const escape = 'mkdir /tmp/e; exec chroot /tmp/e /bin/sh';
      expect((await run(escape)).code).toBe(127);
    });

    hiding('mounts')('cannot be left by a chroot in a chroot', async () => {
      copyFileSync('/bin/busybox', join(root, 'tmp/busybox'));
      mkdirSync(join(root, 'tmp/jail'));
      const script = 'cd /; exec chroot /tmp /busybox sh -c "cd ../../../../../../..; /busybox ls etc/passwd"';
      expect((await run(script)).code).not.toBe(0);
    });

    hiding('processes')('shows the step its own processes only', async () => {
      const { stdout } = await run(
        'for p in /proc/[0-9]*; do cat $p/comm; done; cat /proc/1/environ; ls -l /proc/1/root',
      );
      expect(stdout.match(/node|vitest/)).toBeNull();
      expect(stdout).not.toContain('PATH=');
    });

    hiding('processes')('reaps orphans, as an init has to', async () => {
      const script = 'p=$(sh -c "sleep 0.05 & echo \\$!"); sleep 0.3; kill -0 $p 2>/dev/null || echo reaped';
      expect((await run(script)).stdout).toBe('reaped\n');
    });

    hiding('processes')('survives a step that kills all processes', async () => {
      expect(await run("trap '' TERM; kill -9 -1; echo alive")).toMatchObject({ code: 0, stdout: 'alive\n' });
    });

    hiding('network')('has loopback alone without a network', async () => {
      const { stdout } = await run('ip -o addr', { network: 'none' });
      expect(stdout).toContain('127.0.0.1');
      expect(stdout.split('\n').filter((line) => !line.includes(' lo ') && line !== '')).toEqual([]);
    });
  });
}

async function exists(path: string): Promise<void> {
  for (let tries = 0; tries < 500 && !existsSync(path); tries += 1) await delay(20);
}

/** Pids of processes whose root is in the tree, or that wait for one of the sleeps that the suite starts. */
function processesIn(root: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return (
          readlinkSync(`/proc/${pid}/root`) === root ||
          readFileSync(`/proc/${pid}/cmdline`, 'latin1') === `sleep\0${LONG}\0`
        );
      } catch {
        return false;
      }
    });
}
