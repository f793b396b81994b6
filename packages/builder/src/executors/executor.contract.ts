import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Executor } from './executor.ts';
import { ExecutorBench } from './executor-bench.contract.ts';
import { isolationCases } from './executor-isolation.contract.ts';
import { mountCases } from './executor-mounts.contract.ts';
import { isInUserNamespace } from '../host/privileges.ts';

export interface ExecutorContract {
  readonly open: () => Executor;
  /** What this executor hides from steps. Without, the builder's own is seen. */
  readonly hides: readonly ('processes' | 'network' | 'hostname' | 'mounts' | 'system calls')[];
  /** Where a step's tree is while the step runs. @default where it always is */
  readonly rootWhileRunning?: string | undefined;
  /** Why the executor cannot run here; `undefined` when it can. */
  readonly skip?: string | undefined;
}

/** In seconds: a sleep that this process alone has started. */
const LONG = 1_000_000 + process.pid;

/** Every executor runs this one suite. */
export function executorContract(name: string, contract: ExecutorContract): void {
  describe.skipIf(contract.skip !== undefined)(name, () => {
    const bench = new ExecutorBench(contract.open);
    processCases(bench, contract);
    mountCases(bench);
    isolationCases(bench, contract.hides);
  });
}

function processCases(bench: ExecutorBench, { hides, rootWhileRunning }: ExecutorContract): void {
  it('gives output by stream, and the exit code', async () => {
    expect(await bench.run('echo out; echo err >&2; exit 42')).toEqual({ code: 42, stdout: 'out\n', stderr: 'err\n' });
  });

  it('finds the program on the PATH of the step', async () => {
    mkdirSync(join(bench.root, 'own'));
    symlinkSync('/bin/busybox', join(bench.root, 'own/true'));
    expect(await bench.run(['true'], { env: ['PATH=/nothing:/own'] })).toMatchObject({ code: 0 });
  });

  it('tells a program that is missing (127) from one that cannot be executed (126)', async () => {
    writeFileSync(join(bench.root, 'data'), 'no program');
    const missing = await bench.run(['absent']);
    expect(missing).toMatchObject({ code: 127 });
    expect(missing.stderr).toContain('absent');
    expect(await bench.run(['/data'])).toMatchObject({ code: 126 });
  });

  it('counts death by a signal as 128 and its number', async () => {
    expect(await bench.run('kill -9 $$')).toMatchObject({ code: 137 });
    expect(await bench.run('kill -15 $$')).toMatchObject({ code: 143 });
  });

  it('passes the environment exactly, and arguments as they are', async () => {
    const env = ['PATH=/bin', 'EMPTY=', 'EQUALS=a=b', 'LINES=a\nb'];
    expect((await bench.run(['env'], { env })).stdout.trimEnd().split('\n').sort()).toEqual(
      env.join('\n').split('\n').sort(),
    );
    expect((await bench.run(['sh', '-c', 'echo "$#:$1:$2"', 'x', '', 'a b'])).stdout).toBe('2::a b\n');
  });

  it('starts in the working directory, which it makes', async () => {
    expect((await bench.run('pwd; stat -c %a:%u . ..', { cwd: '/a/b' })).stdout).toBe('/a/b\n755:0\n755:0\n');
  });

  it('runs as the user with its groups', async () => {
    const user = { uid: 1000, gid: 1001, groups: [1001, 44, 29] };
    expect((await bench.run('id; echo x > /tmp/own; stat -c %u:%g /tmp/own', { user })).stdout).toBe(
      'uid=1000 gid=1001 groups=29,44,1001\n1000:1001\n',
    );
  });

  it('starts programs as they expect: umask, open files, standard input', async () => {
    expect((await bench.run('umask; ulimit -Sn; cat; ls /dev/fd/ 2>/dev/null | wc -l')).stdout).toMatch(
      /^0022\n1024\n/,
    );
  });

  it.skipIf(isInUserNamespace() && !hides.includes('mounts'))(
    'has device nodes that work, and standard output as a file',
    async () => {
      const script = 'echo > /dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; ls -d /dev/full';
      expect(await bench.run(script)).toMatchObject({ code: 0, stdout: '4\n4\n/dev/full\n' });
    },
  );

  it('keeps much output whole', async () => {
    expect((await bench.run('yes 123456789 | head -c 20000000')).stdout).toHaveLength(20_000_000);
  });

  it('ends what the step left running', async () => {
    const started = Date.now();
    expect(await bench.run(`sleep ${LONG} & setsid sleep ${LONG} & echo started`)).toMatchObject({
      code: 0,
      stdout: 'started\n',
    });
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(processesIn(bench.root)).toEqual([]);
  });

  it('asks to end with SIGTERM when aborted', async () => {
    const abort = new AbortController();
    const running = bench.run(
      "trap 'echo x > /tmp/asked; exit 1' TERM; echo > /tmp/ready; while :; do sleep 0.05; done",
      {},
      abort.signal,
    );
    await exists(join(rootWhileRunning ?? bench.root, 'tmp/ready'));
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    expect(existsSync(join(bench.root, 'tmp/asked'))).toBe(true);
  });

  it('kills what does not end when aborted', async () => {
    const abort = new AbortController();
    const running = bench.run(
      `trap '' TERM; setsid sh -c 'trap "" TERM; sleep ${LONG}' & echo > /tmp/ready; while :; do sleep 0.05; done`,
      {},
      abort.signal,
    );
    await exists(join(rootWhileRunning ?? bench.root, 'tmp/ready'));
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    expect(processesIn(bench.root)).toEqual([]);
  });

  it('does not start when aborted before', async () => {
    await expect(bench.run('touch /x', {}, AbortSignal.abort(new Error('early')))).rejects.toThrow('early');
    expect(existsSync(join(bench.root, 'x'))).toBe(false);
  });

  // in place, what stays in place is within the tree
  it.skipIf(rootWhileRunning === '/')('makes the working directory within the tree', async () => {
    const outside = bench.beside('outside');
    mkdirSync(outside);
    symlinkSync(outside, join(bench.root, 'link'));
    await bench.run('pwd', { cwd: '/link/x' });
    expect(readdirSync(outside)).toEqual([]);
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
