import { cp, mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AnotherUser, makeUser } from '../e2e/another-user.ts';
import { openWorkbench, type Workbench } from '../e2e/workbench.ts';
import { requireCommand } from '../src/command.ts';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';

const DOCKERFILE = `FROM busybox AS tools
RUN mkdir -p /opt/tools && for i in $(seq 300); do echo tool $i > /opt/tools/$i; done && ln -s 1 /opt/tools/first
FROM busybox
WORKDIR /srv/app
COPY --chown=1000:1000 src ./src/
COPY --chmod=755 run.sh /usr/local/bin/
ADD files.tar /data/
RUN seq 2000000 > /large && ln /large /data/again && mkfifo /data/pipe && chmod 4755 /bin/busybox
COPY --from=tools /opt /opt
RUN rm -r /opt/tools/7 && chown -R 7:8 /data && touch -d '2020-01-01 00:00:00' /data/old
ENV AFTER=run
VOLUME /data
RUN true
USER 1000
CMD ["run.sh"]
`;

let bench: Workbench;
let registry: TestRegistry;
let user: AnotherUser;
const contexts: string[] = [];
beforeAll(async () => {
  await ensurePackages(packagesFor.acceptance);
  bench = await openWorkbench();
  registry = await startRegistry();
  user = await makeUser(bench.scratch);
  contexts.push(await writeContext(), join(bench.scratch, 'a/much/deeper/directory'));
  await cp(contexts[0] ?? '', contexts[1] ?? '', { recursive: true });
  await utimes(join(contexts[1] ?? '', 'src/a'), 1, 1);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

async function writeContext(): Promise<string> {
  const files = { Dockerfile: DOCKERFILE, 'run.sh': '#!/bin/sh\necho hello\n', 'src/a': 'a\n', 'src/sub/b': 'b\n' };
  const context = await bench.writeContext({ ...files, 'tar/one': '1\n', 'tar/two': '2\n' });
  await requireCommand(['tar', '-C', join(context, 'tar'), '-cf', join(context, 'files.tar'), '--sort=name', '.']);
  return context;
}

const axes = {
  directory: [0, 1],
  umask: ['022', '077'],
  user: ['root', 'other'],
  zone: ['UTC', 'Pacific/Kiritimati'],
  processors: ['0', `0-${navigator.hardwareConcurrency - 1}`],
  date: ['+0d', '+5000d'],
} as const;

type Combination = { readonly [Axis in keyof typeof axes]: (typeof axes)[Axis][number] };

function combinations(): readonly Combination[] {
  return Object.entries(axes).reduce<object[]>(
    (found, [axis, values]) => found.flatMap((one) => values.map((value) => ({ ...one, [axis]: value }))),
    [{}],
  ) as Combination[];
}

function surroundings({ umask, zone, processors, date }: Combination): string[] {
  const shell = ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh'];
  return shell.concat('taskset', '-c', processors, 'faketime', '-f', date, 'env', `TZ=${zone}`);
}

it('64 combinations of directory, umask, user, time zone, processors and date push one digest', async () => {
  const digests = new Map<string, string[]>();
  for (const [index, combination] of combinations().entries()) {
    const { directory } = combination;
    const isOther = combination.user === 'other';
    const state = join(isOther ? user.home : bench.scratch, `state-${index}`);
    if (!isOther) await mkdir(state);
    const run = await bench.requireBuild({
      context: contexts[directory] ?? '',
      // its own repository: nothing of another combination is taken from the cache
      flags: ['--cache-repo', `${registry.host}/cache-${index}`, '--push-image'],
      state,
      wrapper: [...surroundings(combination), ...(isOther ? user.wrapper : [])],
      ...(isOther && { program: user.program }),
    });
    expect(run.ran.length).toBe(9);
    const described = JSON.stringify(combination);
    digests.set(run.digest, [...(digests.get(run.digest) ?? []), described]);
    const pushed = await fetch(`${registry.url}/v2/cache-${index}/manifests/${run.digest}`, {
      method: 'HEAD',
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    expect([described, pushed.status]).toEqual([described, 200]);
    await requireCommand(['rm', '-rf', '--one-file-system', state]);
  }
  const counts = [...digests].map(([digest, made]) => `${digest}: ${made.length}`);
  console.log(`64 combinations, ${digests.size} digest: ${counts.join(', ')}`);
  expect([...digests.values()].map((made) => made.length)).toEqual([64]);
});
