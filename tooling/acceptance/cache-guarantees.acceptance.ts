import { globSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { faultProxy, startRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from '../e2e/workbench.ts';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';

let bench: Workbench;
let states = 0;
beforeAll(async () => {
  await ensurePackages(packagesFor.acceptance);
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const freshState = () => join(bench.scratch, `state-${(states += 1)}`);
const build = (context: string, flags: readonly string[], wrapper?: readonly string[]) =>
  bench.build({ context, flags, state: freshState(), wrapper });

it('C10: one entry less in the middle of 30 makes one step run', async () => {
  const root = join(bench.scratch, 'thirty');
  const flags = ['--layer-cache-dir', root, '--reproducible', '--output', `type=oci,dest=${bench.scratch}/thirty.tar`];
  const lines = Array.from({ length: 30 }, (_, index) => `RUN echo ${index} > /${index}`);
  const context = await bench.writeContext({ Dockerfile: ['FROM busybox', ...lines, ''].join('\n') });
  const cold = await bench.requireBuild({ context, flags, state: freshState() });
  const [middle = ''] = globSync(join(root, 'v1/??/*')).filter((path) =>
    readFileSync(path, 'latin1').includes('echo 15 '),
  );
  rmSync(middle);
  const again = await bench.requireBuild({ context, flags, state: freshState() });
  console.log(`C10: ${cold.ran.length} steps cold, ${again.ran.length} after one entry went`);
  expect([again.ran, again.digest]).toEqual([['RUN echo 15 > /15'], cold.digest]);
});

it('C17: within a registry layers are mounted from the cache, 0 bytes of them are sent again', async () => {
  await using registry = await startRegistry();
  const context = await bench.writeContext({
    Dockerfile: 'FROM busybox\nRUN dd if=/dev/urandom of=/large bs=1M count=8\nRUN echo small > /small\n',
  });
  const flags = ['--cache-repo', `${registry.host}/team/cache`];
  await bench.requireBuild({ context, flags, state: freshState() });
  await registry.flushed();
  registry.clearRequests();
  const push = ['--tag', `${registry.host}/team/app:v1`, '--push'];
  const pushed = await bench.requireBuild({ context, flags: [...flags, ...push], state: freshState() });
  await registry.flushed();
  const mounts = registry.requests().filter(({ path, status }) => path.includes('from=team%2Fcache') && status === 201);
  const downloads = registry.requests().filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'));
  console.log(`C17: ${mounts.length} layers mounted, ${downloads.length} downloaded`);
  expect([pushed.ran, mounts.length, downloads]).toEqual([[], 2, []]);
});

it('C18: on a read-only mount hits work, and no write and no lock is tried', async () => {
  const root = join(bench.scratch, 'read-only');
  await mkdir(root);
  const context = await bench.writeContext({ Dockerfile: 'FROM busybox\nRUN echo 1 > /1\nCOPY a /a\n', a: 'a' });
  const flags = ['--layer-cache-dir', root, '--output', `type=oci,dest=${bench.scratch}/read-only.tar`];
  await bench.requireBuild({ context, flags, state: freshState() });
  const trace = join(bench.scratch, 'trace');
  const changing =
    'mkdir,mkdirat,rename,renameat,renameat2,link,linkat,unlink,unlinkat,utimensat,chmod,fchmodat,flock,fcntl';
  const mount = `mount --bind '${root}' '${root}' && mount -o remount,ro,bind '${root}' && exec "$@"`;
  const mounted = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, 'sh'];
  const traced = ['strace', '-f', '-qq', '--seccomp-bpf', '-e', `trace=open,openat,${changing}`, '-y', '-o', trace];
  const run = await build(context, flags, [...mounted, ...traced]);
  const calls = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${root}/`) && !/open(?:at)? resumed/.test(line)); // the flags are where it began
  const writes = calls.filter((line) => !/ open(?:at)?\(/.test(line) || /O_WRONLY|O_RDWR|O_CREAT/.test(line));
  console.log(`C18: ${calls.length} system calls below the mount, ${writes.length} of them would write or lock`);
  expect([run.status, run.ran, writes]).toEqual([0, [], []]);
  expect(calls.length).toBeGreaterThan(0);
});

it('C20: layers that were finished before a step failed are in the cache', async () => {
  await using registry = await startRegistry();
  const lines = ['FROM busybox', 'RUN echo 1 > /1', 'RUN echo 2 > /2'];
  const failing = await bench.writeContext({ Dockerfile: [...lines, 'RUN false', ''].join('\n') });
  const mended = await bench.writeContext({ Dockerfile: [...lines, 'RUN true', ''].join('\n') });
  const flags = ['--cache-repo', `${registry.host}/cache`];
  const failed = await build(failing, flags);
  const { ran } = await bench.requireBuild({ context: mended, flags, state: freshState() });
  console.log(`C20: the failed build ended with ${failed.status}; the next one ran ${JSON.stringify(ran)}`);
  expect(failed.status).not.toBe(0);
  expect(ran).toEqual(['RUN true']);
});

it('C25: layers that a later step needs for certain are fetched while it waits for another stage', async () => {
  await using registry = await startRegistry();
  const text = (message: string) => `FROM busybox AS one
RUN sleep 3 && echo ${message} > /out
FROM busybox
RUN dd if=/dev/urandom of=/large bs=1M count=8
COPY --from=one /out /out
RUN cat /out
`;
  const first = await bench.writeContext({ Dockerfile: text('first') });
  const second = await bench.writeContext({ Dockerfile: text('second') });
  await using watched = await faultProxy(registry.url);
  await bench.requireBuild({ context: first, flags: ['--cache-repo', `${watched.host}/cache`], state: freshState() });
  const before = watched.requests.length;
  const started = performance.now();
  const run = await bench.requireBuild({
    context: second,
    flags: ['--cache-repo', `${watched.host}/cache`],
    state: freshState(),
  });
  const fetched = watched.requests.slice(before).find(({ responseBytes }) => responseBytes > 8 * 1024 * 1024);
  const events = run.output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const timeOf = (type: string) => {
    const event = events.find((one) => one.type === type && one.step?.name.startsWith('RUN sleep'));
    return performance.now() - (Date.now() - Date.parse(event?.time));
  };
  const [from, to] = [timeOf('step.started'), timeOf('step.finished')];
  console.log(
    `C25: asked for after ${Math.round((fetched?.atMs ?? 0) - started)} ms, the stage ended at ${Math.round(to - started)} ms`,
  );
  expect(fetched?.atMs).toBeLessThan(to);
  expect(to - from).toBeGreaterThan(2500);
});
