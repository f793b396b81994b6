import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

it('a context that changes while a step reads it fails the build, and is not cached under the old key', async () => {
  // the step itself says when its key is known
  const server = createServer((_request, response) => {
    writeFileSync(join(context, 'go'), '');
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const command = `wget -q -O /dev/null http://127.0.0.1:${port}/ && ls /context > /listing`;
  const context = await bench.writeContext({
    Dockerfile: `FROM busybox\nRUN --mount=type=bind,target=/context ${command}\n`,
  });
  const run = await bench.build({ context });
  expect([run.status, run.ran]).toEqual([1, []]);
  expect(run.output).toContain('Dockerfile:2: The build context changed while the build read it: go');
  const again = await bench.requireBuild({ context });
  expect(again.ran).toHaveLength(1);
  expect((await bench.requireBuild({ context })).ran).toEqual([]);
  await rm(join(context, 'go'));
  expect((await bench.build({ context })).status).toBe(1);
  server.close();
});

it('--no-cache starts cache mounts empty, once a build', async () => {
  const count = 'ls /cache | wc -l >> /counts; touch /cache/$(ls /cache | wc -l)';
  const mount = '--mount=type=cache,target=/cache';
  const context = await bench.writeContext({
    Dockerfile: `FROM busybox\nRUN ${mount} ${count}\nRUN ${mount} ${count}\n`,
  });
  const counts = async (...flags: string[]) => {
    const directory = join(bench.scratch, 'counts');
    await rm(directory, { recursive: true, force: true });
    await bench.requireBuild({ context, flags: ['-o', directory, ...flags] });
    return readCounts(directory);
  };
  expect(await counts()).toBe('0 1');
  expect(await counts('--build-arg', 'HTTP_PROXY=other')).toBe('0 1');
  expect(await counts('--no-cache')).toBe('0 1');
});

it('--no-cache-filter runs a stage again, and of its readers those that see something new; the next build has that', async () => {
  const context = await bench.writeContext({
    Dockerfile: `FROM busybox AS first
RUN head -c 8 /dev/urandom | hexdump > /random; echo same > /same
FROM busybox AS steady
COPY --from=first /same /
RUN cp /same /copy
FROM busybox
COPY --from=first /random /
RUN cp /random /copy
COPY --from=steady /same /
`,
  });
  const caches = [
    '--layer-cache-dir',
    join(bench.scratch, 'filter-cache'),
    '--cache-repo',
    `${bench.base.host}/filter`,
  ];
  const build = async (state: string, ...flags: string[]) => {
    const directory = join(bench.scratch, 'filtered');
    await rm(directory, { recursive: true, force: true });
    const run = await bench.requireBuild({ context, state, flags: ['-o', directory, ...caches, ...flags] });
    const [random, copy] = await Promise.all(['random', 'copy'].map((name) => readFile(join(directory, name), 'utf8')));
    expect(copy).toBe(random);
    return { ran: run.ran, random };
  };
  const state = join(bench.scratch, 'filter-state');
  const before = await build(state);
  const again = await build(state, '--no-cache-filter', 'FIRST');
  expect(again.random).not.toBe(before.random);
  expect(again.ran.toSorted().map((name) => name.slice(0, 25))).toEqual([
    'COPY --from=first /random',
    'COPY --from=steady /same ',
    'RUN cp /random /copy',
    'RUN head -c 8 /dev/urando',
  ]);
  // another machine, whose only cache is the registry
  await rm(join(bench.scratch, 'filter-cache'), { recursive: true });
  expect(await build(`${state}-2`)).toEqual({ ran: [], random: again.random });
});

async function readCounts(directory: string): Promise<string> {
  return (await readFile(join(directory, 'counts'), 'utf8')).trim().split(/\s+/).join(' ');
}
