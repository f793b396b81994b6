import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from './workbench.ts';

const DOCKERFILE = `FROM busybox AS build
COPY one.txt /one.txt
RUN cat /one.txt > /one.out
FROM busybox
ARG UNUSED=1
COPY two.txt /two.txt
RUN cat /two.txt > /two.out
COPY --from=build /one.out /one.out
RUN cat /one.out /two.out > /all
`;

let bench: Workbench;
let context: string;
beforeAll(async () => {
  bench = await openWorkbench();
  context = await bench.writeContext({
    Dockerfile: DOCKERFILE,
    'one.txt': 'one\n',
    'two.txt': 'two\n',
    'other.txt': 'unrelated\n',
  });
  await bench.requireBuild({ context });
});
afterAll(() => bench[Symbol.asyncDispose]());

it('a touch of every file keeps everything cached', async () => {
  const later = new Date(Date.now() + 60_000);
  for (const name of ['Dockerfile', 'one.txt', 'two.txt', 'other.txt']) await utimes(join(context, name), later, later);
  expect((await bench.requireBuild({ context })).ran).toEqual([]);
});

it('a file that no instruction reads may change', async () => {
  await writeFile(join(context, 'other.txt'), 'Unrelated\n');
  expect((await bench.requireBuild({ context })).ran).toEqual([]);
});

it('one changed byte runs exactly its COPY and what depends on it', async () => {
  await writeFile(join(context, 'two.txt'), 'twO\n');
  expect((await bench.requireBuild({ context })).ran.toSorted()).toEqual([
    'COPY --from=build /one.out /one.out',
    'COPY two.txt /two.txt',
    'RUN cat /one.out /two.out > /all',
    'RUN cat /two.txt > /two.out',
  ]);
});

it('a changed byte in another stage runs that stage and its readers only', async () => {
  await writeFile(join(context, 'one.txt'), 'onE\n');
  expect((await bench.requireBuild({ context })).ran.toSorted()).toEqual([
    'COPY --from=build /one.out /one.out',
    'COPY one.txt /one.txt',
    'RUN cat /one.out /two.out > /all',
    'RUN cat /one.txt > /one.out',
  ]);
});

it('an ARG matters to RUN from its line on, and to no COPY before the first RUN', async () => {
  const { ran } = await bench.requireBuild({ context, flags: ['--build-arg', 'UNUSED=2'] });
  expect(ran.toSorted()).toEqual([
    'COPY --from=build /one.out /one.out',
    'RUN cat /one.out /two.out > /all',
    'RUN cat /two.txt > /two.out',
  ]);
});

it('an undeclared build arg changes nothing', async () => {
  expect((await bench.requireBuild({ context, flags: ['--build-arg', 'NOWHERE=1'] })).ran).toEqual([]);
});
