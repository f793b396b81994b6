import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { makeBusyboxTree } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseIsolation } from './isolation-request.ts';
import { Capability, hasCapability } from '../host/privileges.ts';

const canMount = hasCapability(Capability.sysAdmin);
const OPTIONS = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'];
const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

const LINUX = module('../../../core/src/linux/index.ts');

let scratch: ScratchDirectory;

beforeAll(async () => {
  scratch = await openScratchDirectory();
});
afterAll(() => scratch[Symbol.asyncDispose]());

let scripts = 0;

function commandFor(script: string): string[] {
  const path = join(scratch.path, `script-${(scripts += 1)}.mjs`);
  writeFileSync(path, script);
  return [process.execPath, ...OPTIONS, path];
}

function start(script: string, prefix: readonly string[] = []): ChildProcess {
  const [program = '', ...args] = [...prefix, ...commandFor(script)];
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function run(script: string, prefix: readonly string[] = []): Promise<string> {
  const child = start(script, prefix);
  const [output] = await Promise.all([text(child.stdout as NodeJS.ReadableStream), once(child, 'close')]);
  return output;
}

describe('parseIsolation()', () => {
  it.each([
    ['auto', {}],
    ['chroot', { executor: 'chroot' }],
    ['copy', { snapshotter: 'copy' }],
    ['chroot+copy', { executor: 'chroot', snapshotter: 'copy' }],
    ['overlay+namespaces', { executor: 'namespaces', snapshotter: 'overlay' }],
    ['none', { executor: 'none' }],
  ])('reads %j', (request, parsed) => {
    expect(parseIsolation(request)).toEqual({ executor: undefined, snapshotter: undefined, ...parsed });
  });

  it.each(['', 'docker', 'chroot+chroot', 'chroot+none', 'chroot,copy'])('refuses %j', (request) => {
    expect(() => parseIsolation(request)).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  });
});

describe.runIf(canMount)('enterPrivateMounts()', () => {
  const prelude = `
    import { loadSystemCalls } from ${LINUX};
    import { enterPrivateMounts } from ${module('../host/private-mounts.ts')};
    import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
    import { readdir, stat } from 'node:fs/promises';
    const calls = loadSystemCalls();
    const own = () => readlinkSync('/proc/self/ns/mnt');
    const before = own();
  `;

  it('gives mounts that all threads of this process see, and no other process', async () => {
    const target = join(scratch.path, 'private');
    mkdirSync(target);
    const output = await run(`${prelude}
      const entered = await enterPrivateMounts(calls);
      calls.mount({ source: 'tmpfs', target: ${JSON.stringify(target)}, type: 'tmpfs' });
      writeFileSync(${JSON.stringify(`${target}/x`)}, '');
      const seen = await Promise.all([1, 2, 3, 4, 5].map(() => readdir(${JSON.stringify(target)})));
      console.log(entered, own() !== before, seen.flat().join());
    `);
    expect(output).toBe('true true x,x,x,x,x\n');
    expect(readdirSync(target)).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(target);
  });

  it('changes nothing when it comes too late', async () => {
    const output = await run(`${prelude}
      await stat('/');
      const directory = process.cwd();
      console.log(await enterPrivateMounts(calls), own() === before, process.cwd() === directory);
    `);
    expect(output).toBe('false true true\n');
  });
});

describe.runIf(canMount)('chooseIsolation()', () => {
  const script = (requested: string) => `
    import { loadSystemCalls } from ${LINUX};
    import { enterPrivateMounts } from ${module('../host/private-mounts.ts')};
    import { chooseIsolation } from ${module('choose.ts')};
    await enterPrivateMounts(loadSystemCalls()).catch(() => {});
    try {
      const { snapshotter, executor, reason } = await chooseIsolation({
        stateDir: ${JSON.stringify(join(scratch.path, 'state'))},
        requested: ${JSON.stringify(requested)},
      });
      console.log(executor?.name, snapshotter.name, reason);
    } catch (error) {
      console.log(error.code, error.message);
    }
  `;
  const choose = (requested: string, prefix?: readonly string[]) => run(script(requested), prefix);
  const without = (...capabilities: readonly string[]) => {
    const set = capabilities.map((name) => `-${name}`).join(',');
    return ['setpriv', '--bounding-set', set, '--inh-caps', set];
  };

  it('takes namespaces and overlay where they work', async () => {
    expect(await choose('auto')).toMatch(/^namespaces overlay root/);
  });

  it('takes what is asked for', async () => {
    expect(await choose('chroot+copy')).toMatch(/^chroot copy/);
    expect(await choose('copy')).toMatch(/^namespaces copy/);
    expect(await choose('none')).toMatch(/^undefined overlay/);
  });

  it('goes down to chroot and copy, and says why', async () => {
    expect(await choose('auto', without('sys_admin'))).toMatch(
      /^chroot copy root; not overlay: EPERM.*; not namespaces: EPERM/,
    );
  });

  it('builds without RUN where nothing works', async () => {
    expect(await choose('auto', without('sys_admin', 'sys_chroot'))).toMatch(/^undefined copy .*not chroot:/);
  });

  it('does with programs what it can, for a Node without system calls', async () => {
    const [node = '', ...rest] = commandFor(script('auto'));
    const child = spawn(node, ['--no-experimental-ffi', ...rest], { stdio: ['ignore', 'pipe', 'inherit'] });
    expect(await text(child.stdout)).toMatch(/^namespaces copy root; not overlay: this Node has no node:ffi/);
  });

  it('refuses what is asked for and does not work', async () => {
    expect(await choose('namespaces', without('sys_admin'))).toMatch(
      /^ISOLATION_UNAVAILABLE The executor namespaces does not work here: not namespaces: EPERM/,
    );
    expect(await choose('overlay', without('sys_admin'))).toMatch(/^ISOLATION_UNAVAILABLE The snapshotter overlay/);
  });

  it('works as root of a user namespace', async () => {
    const output = await run(`
      import { runInUserNamespace } from ${module('../host/user-namespace.ts')};
      await runInUserNamespace({ command: ${JSON.stringify(commandFor(script('auto')))}, env: process.env });
    `);
    expect(output).toMatch(/^namespaces overlay root in a user namespace\n$/);
  });
});

describe.runIf(canMount)('runInUserNamespace()', () => {
  it('runs a command as root that may mount, for root who may not', async () => {
    const script = `id -u; stat -c %u /; mount -t tmpfs none ${scratch.path} && ls -A ${scratch.path}; exit 7`;
    const output = await run(
      `
      import { runInUserNamespace } from ${module('../host/user-namespace.ts')};
      console.log(await runInUserNamespace({ command: ['sh', '-c', ${JSON.stringify(script)}], env: process.env }));
    `,
      ['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin'],
    );
    expect(output).toBe('0\n0\n7\n');
  });
});

describe.runIf(canMount)('a builder that is killed', () => {
  it('takes its step and its mounts with it', async () => {
    const root = join(scratch.path, 'killed');
    makeBusyboxTree(root);
    const builder = start(`
      import { loadSystemCalls } from ${LINUX};
      import { enterPrivateMounts } from ${module('../host/private-mounts.ts')};
      import { namespacesExecutor } from ${module('../executors/namespaces.ts')};
      await enterPrivateMounts(loadSystemCalls());
      await namespacesExecutor().run(
        {
          root: ${JSON.stringify(root)},
          args: ['sh', '-c', 'setsid sleep ${SLEEP} & trap "" TERM; sleep ${SLEEP}'],
          env: ['PATH=/bin'],
          cwd: '/',
          user: { uid: 0, gid: 0, groups: [0] },
          hostname: 'killed',
          network: 'host',
          mounts: [],
        },
        { onOutput() {} },
      );
    `);
    while (sleepers().length < 2) await delay(20);
    builder.kill('SIGKILL');
    await once(builder, 'close');
    for (let tries = 0; tries < 100 && sleepers().length > 0; tries += 1) await delay(20);
    expect(sleepers()).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(root);
  });
});

/** Seconds that no other test sleeps. */
const SLEEP = 31_000_000 + process.pid;

function sleepers(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1') === `sleep\0${SLEEP}\0`;
    } catch {
      return false;
    }
  });
}
