import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireCommand } from '../src/command.ts';
import { helloExample } from './example.ts';
import { readArchiveTree } from './image-archive.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const output = (type: string, dest: string) => ['--output', `type=${type},dest=${dest}`];

describe('shale build -o type=oci', () => {
  it('writes an archive that skopeo and umoci accept', async () => {
    const archive = join(bench.scratch, 'oci.tar');
    const { digest } = await bench.requireBuild({ context: helloExample, flags: output('oci', archive) });
    const inspected = JSON.parse(await requireCommand(['skopeo', 'inspect', `oci-archive:${archive}`])) as {
      Digest: string;
    };
    expect(inspected.Digest).toBe(digest);
    const scratch = join(bench.scratch, 'umoci');
    await mkdir(scratch);
    const tree = await readArchiveTree(archive, scratch);
    expect(tree.get('www/index.html')).toMatchObject({ type: 'file', owner: '33:33', mode: '0644' });
    expect(tree.get('www/manifest.txt')?.content).toBe('4 files\n');
  });
});

describe('shale build -o type=docker', () => {
  it('writes an archive that podman loads and runs', async () => {
    const archive = join(bench.scratch, 'docker.tar');
    await bench.requireBuild({ context: helloExample, flags: [...output('docker', archive), '--tag', 'hello:e2e'] });
    const storage = ['--root', join(bench.scratch, 'podman'), '--runroot', join(bench.scratch, 'podman-run')];
    const podman = (...args: string[]) =>
      requireCommand([
        'podman',
        ...storage,
        '--storage-driver',
        'vfs',
        '--cgroup-manager',
        'cgroupfs',
        '--runtime',
        'runc',
        ...args,
      ]);
    const loaded = await podman('load', '--quiet', '--input', archive);
    expect(loaded).toContain('hello:e2e');
    const isolation = ['--rm', '--network', 'host', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
    const printed = await podman('run', ...isolation, 'hello:e2e', 'cat', '/www/index.html');
    expect(printed).toContain('<h1>Strata</h1>');
  });
});

describe('shale build -o type=tar and type=local', () => {
  it('write the same root file system', async () => {
    const archive = join(bench.scratch, 'rootfs.tar');
    const directory = join(bench.scratch, 'rootfs');
    await bench.requireBuild({ context: helloExample, flags: output('tar', archive) });
    await bench.requireBuild({ context: helloExample, flags: output('local', directory) });
    await requireCommand(['tar', '--compare', '--file', archive, '--directory', directory]);
  });

  it('writes to stdout on dest=-', async () => {
    const script = '"$@" | tar -tf - > "$0"';
    const listing = join(bench.scratch, 'listing');
    const wrapper = ['sh', '-c', script, listing];
    await bench.build({ context: helloExample, flags: output('tar', '-'), wrapper });
    expect(await requireCommand(['cat', listing])).toContain('www/index.html');
  });
});

describe('shale build --push', () => {
  it('pushes an image that skopeo reads back, base layers by mount or once', async () => {
    const reference = `${bench.base.host}/pushed/hello:v1`;
    const { digest } = await bench.requireBuild({ context: helloExample, flags: ['--tag', reference, '--push'] });
    const inspect = ['skopeo', 'inspect', '--tls-verify=false', `docker://${reference}`];
    const { Digest, Layers } = JSON.parse(await requireCommand(inspect)) as { Digest: string; Layers: string[] };
    expect(Digest).toBe(digest);
    expect(Layers.length).toBeGreaterThan(1);
  });
});
