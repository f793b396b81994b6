import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareTrees } from '../src/file-tree.ts';
import { makeUser } from './another-user.ts';
import { helloExample } from './example.ts';
import { readArchiveTree, withoutTimes } from './image-archive.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const treeOf = async (archive: string) => {
  const scratch = `${archive}.tree`;
  await mkdir(scratch);
  return withoutTimes(await readArchiveTree(archive, scratch));
};

describe('without privileges', () => {
  it('an ordinary user with user namespaces builds the same file tree', async () => {
    const context = await bench.writeContext({ Dockerfile: OWNERS, 'tool.sh': '#!/bin/sh\necho tool\n' });
    const asRoot = join(bench.scratch, 'root.tar');
    await bench.requireBuild({ context, flags: ['--output', `type=oci,dest=${asRoot}`] });
    const { wrapper, program, home } = await makeUser(bench.scratch);
    const asUser = join(home, 'user.tar');
    const flags = ['--output', `type=oci,dest=${asUser}`];
    await bench.requireBuild({ context, flags, state: join(home, 'state'), wrapper, program });
    expect(compareTrees(await treeOf(asRoot), await treeOf(asUser))).toEqual([]);
  });

  it('without CAP_SYS_ADMIN, chroot and copy build the digest that namespaces and overlay build', async () => {
    const image = (name: string) => ['--reproducible', '--output', `type=oci,dest=${join(bench.scratch, name)}`];
    const state = (name: string) => join(bench.scratch, `${name}-state`);
    const overlay = await bench.requireBuild({
      context: helloExample,
      flags: [...image('overlay.tar'), '--isolation', 'namespaces+overlay'],
      state: state('overlay'),
    });
    const wrapper = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'];
    const copy = await bench.requireBuild({
      context: helloExample,
      flags: [...image('copy.tar'), '--isolation', 'chroot+copy'],
      state: state('copy'),
      wrapper,
    });
    expect(
      compareTrees(await treeOf(join(bench.scratch, 'overlay.tar')), await treeOf(join(bench.scratch, 'copy.tar'))),
    ).toEqual([]);
    expect(copy.digest).toBe(overlay.digest);
  });

  it('chooses a way by itself when CAP_SYS_ADMIN is missing', async () => {
    const wrapper = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'];
    const run = await bench.requireBuild({ context: helloExample, state: join(bench.scratch, 'auto-state'), wrapper });
    expect(run.ran.length).toBeGreaterThan(0);
  });
});

const OWNERS = `FROM busybox AS build
COPY tool.sh /usr/bin/tool
RUN mkdir -p /srv/data && chown -R 1000:50 /srv && chmod 2750 /srv/data && echo a > /srv/data/a && ln /srv/data/a /srv/b
RUN rm -r /var/www && mkfifo /srv/fifo && ln -s data /srv/link && chown -h 33:33 /srv/link
USER alice
RUN id -u > /tmp/id && mkdir /tmp/mine
FROM busybox
COPY --from=build --chown=www-data /usr/bin/tool /usr/bin/
COPY --from=build /srv /srv
COPY --from=build /tmp /tmp
RUN tool > /tool.out && rm /etc/group
`;
