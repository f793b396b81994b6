import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, cp, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CommandResult, requireCommand, runCommand } from '../src/command.ts';
import { bundledShale, requireShale } from '../src/shale.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

const OWN = '/.envbuilder';
const START = [
  `${OWN}/lib/ld.so`,
  '--library-path',
  `${OWN}/lib`,
  `${OWN}/bin/node`,
  '--disable-warning=ExperimentalWarning',
];

let bench: Workbench;
let rootfs: string;

/** Makes a root file system of shale, Node and the libraries of Node. */
async function makeRoot(): Promise<void> {
  const own = join(rootfs, OWN);
  for (const name of ['bin', 'lib', 'tmp']) await mkdir(join(own, name), { recursive: true });
  const [node = '', , bundle = ''] = bundledShale;
  await copyFile(node, join(own, 'bin/node'));
  await copyFile('/bin/busybox', join(own, 'bin/busybox'));
  for (const [library] of (await requireCommand(['ldd', node])).matchAll(/\/\S+/g)) {
    const name = basename(library);
    await copyFile(library, join(own, 'lib', name.startsWith('ld-linux') ? 'ld.so' : name));
  }
  await cp(dirname(bundle), join(own, 'shale'), { recursive: true });
}

const podman = (args: readonly string[], options = {}) => {
  const places = ['--root', join(bench.scratch, 'podman'), '--runroot', join(bench.scratch, 'podman-run')];
  const engine = ['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--runtime', 'runc'];
  return runCommand(['podman', ...places, ...engine, ...args], options);
};

beforeAll(async () => {
  bench = await openWorkbench(['busybox']);
  rootfs = join(bench.scratch, 'rootfs');
  await makeRoot();
  const flags = ['--network', 'host', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
  const command = [`${OWN}/bin/busybox`, 'sleep', '600'];
  const started = await podman([
    'run',
    '--detach',
    '--name',
    'shale',
    ...flags,
    '--volume',
    `${bench.scratch}:/bench`,
    '--rootfs',
    rootfs,
    ...command,
  ]);
  expect(started.status, started.stderr).toBe(0);
});

afterAll(async () => {
  await podman(['rm', '--force', '--time', '0', 'shale']);
  await bench[Symbol.asyncDispose]();
});

function build(context: string, flags: readonly string[] = []): Promise<CommandResult> {
  const places = ['--isolation', 'in-place', '--state-dir', `${OWN}/state`, '--registry-mirror', bench.base.url];
  const command = [...START, `${OWN}/shale/shale.cjs`, 'build', ...places, '--progress', 'plain', ...flags];
  const env = [
    '--env',
    `TMPDIR=${OWN}/tmp`,
    '--env',
    `NODE_COMPILE_CACHE=${OWN}/tmp/compiled`,
    '--env',
    'HIDDEN=s3cret-word',
  ];
  return podman(['exec', ...env, 'shale', ...command, join('/bench', basename(context))]);
}

/** In the order of the files. */
const listing = () => readdirSync(rootfs).toSorted();

it('builds in a container that allows neither mounts nor namespaces, and leaves nothing of a step in it', async () => {
  const context = await bench.writeContext({
    file: 'content',
    Dockerfile: `FROM busybox AS build
RUN ls -l /proc/self/exe && echo made > /made && rm /etc/hosts 2>/dev/null; echo evil > /.envbuilder/evil; id > /tmp/id
RUN test ! -e /.envbuilder/evil && ls -d /.envbuilder
USER alice
WORKDIR /home/alice
RUN --mount=type=secret,id=hidden id && touch mine && ! cat /proc/1/environ /proc/*/mem 2>/dev/null | grep s3cret-wor[d]
FROM busybox
COPY --from=build /made /home/alice/mine /
COPY file /file
RUN cat /made /file
`,
  });
  const before = listing();
  const archive = join(context, 'out.tar');
  const first = await build(context, [
    '--secret',
    'id=hidden,env=HIDDEN',
    '-o',
    `type=tar,dest=/bench/${basename(context)}/out.tar`,
  ]);
  expect(first.status, first.stderr).toBe(0);
  expect(first.stderr).toContain('in-place + copy');
  expect(listing()).toEqual(before);
  const names = (await requireCommand(['tar', '-tvf', archive])).split('\n');
  expect(names.filter((name) => /(?:\smade|\smine|\sfile)$/.test(name))).toHaveLength(3);
  expect(names.filter((name) => name.includes('envbuilder') || name.includes('bench'))).toEqual([]);
  const second = await build(context, ['--secret', 'id=hidden,env=HIDDEN']);
  expect(second.stderr).toContain('all 7 steps cached');
});

it('makes the layers that are made elsewhere', async () => {
  const context = await bench.writeContext({
    Dockerfile: `FROM busybox
RUN echo x > /etc/new && chmod 600 /etc/group && ln /etc/new /usr/link && mv /var /moved && chown 5:6 /home && rm -r /root
RUN touch /tmp/other; mkdir -p /run && echo x > /run/own
RUN echo y >> /etc/new
`,
  });
  const flags = ['--reproducible', '--quiet'];
  const inside = await build(context, flags);
  const elsewhere = ['--isolation', 'chroot+copy', '--state-dir', join(bench.scratch, 'state'), '--registry-mirror'];
  const outside = await requireShale(['build', ...elsewhere, bench.base.url, ...flags, context]);
  expect(inside.stdout, inside.stderr).toBe(outside.stdout);
});

it('puts the root back after a builder that was killed while a step ran', async () => {
  const token = randomBytes(8).toString('hex');
  const seconds = 7_000_000 + process.pid;
  const context = await bench.writeContext({
    Dockerfile: `FROM busybox\nRUN touch /started && sleep ${seconds}\n`,
  });
  const before = listing();
  const killed = build(context, ['--label', `token=${token}`]);
  while (!existsSync(join(rootfs, 'started'))) await delay(50);
  expect(listing()).toContain('etc');
  for (const pid of processesWith(token, 'busybox\0')) process.kill(pid, 'SIGKILL');
  expect((await killed).status).not.toBe(0);
  expect(processesWith(`sleep\0${seconds}`)).toHaveLength(1);
  const next = await build(
    await bench.writeContext({ Dockerfile: 'FROM busybox\nRUN test ! -e /started && echo well\n' }),
  );
  expect(next.status, next.stderr).toBe(0);
  expect(listing()).toEqual(before);
  expect(processesWith(`sleep\0${seconds}`)).toEqual([]);
  expect(await requireCommand(['find', join(rootfs, OWN), '-name', 'started'])).toBe('');
});

/** Processes of this machine that have this text in their command line. */
function processesWith(text: string, without?: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return (
          line.includes(text) && !line.startsWith('podman\0') && (without === undefined || !line.includes(without))
        );
      } catch {
        return false; // the process has ended
      }
    })
    .map(Number);
}
