import { once } from 'node:events';
import {
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
import { expect, it } from 'vitest';
import type { StepProcess } from './executor.ts';
import type { ExecutorBench } from './executor-bench.contract.ts';

/** Mounts of a step, and what they leave in its tree. */
export function mountCases(bench: ExecutorBench): void {
  it('leaves nothing of its own in the tree', async () => {
    utimesSync(join(bench.root, 'tmp'), 1, 1);
    utimesSync(bench.root, 2, 2);
    const before = bench.listing();
    const source = bench.beside('source');
    mkdirSync(source);
    const mounts: StepProcess['mounts'] = [
      { type: 'bind', source, target: '/var/cache/x', readOnly: false },
      { type: 'bind', source: '/etc/hostname', target: '/tmp/secret', readOnly: true },
      { type: 'tmpfs', target: '/run/t' },
    ];
    expect(await bench.run('cat /tmp/secret', { mounts })).toMatchObject({ code: 0 });
    expect(bench.listing()).toBe(before);
  });

  it('keeps what the step wrote beside a mount, and the time of that', async () => {
    const mounts: StepProcess['mounts'] = [{ type: 'tmpfs', target: '/run/t' }];
    await bench.run('echo 1 > /run/own; touch -t 200001010000 /run; echo 2 > /run/t/lost', { mounts });
    expect(readdirSync(join(bench.root, 'run'))).toEqual(['own']);
    expect(lstatSync(join(bench.root, 'run')).mtime.getUTCFullYear()).toBe(2000);
  });

  it('mounts files and directories, to read or to write', async () => {
    const source = bench.beside('source');
    mkdirSync(join(source, 'sub'), { recursive: true });
    writeFileSync(join(source, 'file'), 'content');
    const mounts: StepProcess['mounts'] = [
      { type: 'bind', source, target: '/rw', readOnly: false },
      { type: 'bind', source, target: '/ro', readOnly: true },
      { type: 'bind', source: join(source, 'file'), target: '/deep/in/file', readOnly: true },
    ];
    const script = 'cat /ro/file /deep/in/file; echo new > /rw/made; echo > /ro/file; ls /rw';
    expect((await bench.run(script, { mounts })).stdout).toBe('contentcontentfile\nmade\nsub\n');
    expect(readFileSync(join(source, 'made'), 'utf8')).toBe('new\n');
    expect(readFileSync(join(source, 'file'), 'utf8')).toBe('content');
  });

  it('covers what the image has, and gives it back', async () => {
    mkdirSync(join(bench.root, 'data/own'), { recursive: true });
    writeFileSync(join(bench.root, 'data/file'), 'of the image');
    utimesSync(join(bench.root, 'data'), 3, 3);
    mkdirSync(join(bench.root, 'etc'));
    writeFileSync(join(bench.root, 'etc/hosts'), 'of the image');
    const before = bench.listing();
    const source = bench.beside('source');
    mkdirSync(source);
    writeFileSync(join(source, 'file'), 'content');
    const mounts: StepProcess['mounts'] = [
      { type: 'bind', source, target: '/data', readOnly: true },
      { type: 'tmpfs', target: '/bin/t' },
    ];
    expect((await bench.run('ls /data; cat /etc/hosts', { mounts })).stdout).toMatch(/^file\n127/);
    expect(bench.listing()).toBe(before);
    expect(readFileSync(join(bench.root, 'etc/hosts'), 'utf8')).toBe('of the image');
  });

  it('brings back what was removed from a mount', async () => {
    const source = bench.beside('source');
    mkdirSync(join(source, 'old'), { recursive: true });
    const mounts: StepProcess['mounts'] = [{ type: 'bind', source, target: '/cache', readOnly: false }];
    await bench.run('rm -r /cache/old; ln -s /etc /cache/link; chmod 700 /cache', { mounts });
    expect(readdirSync(source)).toEqual(['link']);
    expect(readlinkSync(join(source, 'link'))).toBe('/etc');
  });

  it('passes a socket on', async () => {
    const path = bench.beside('s');
    const server = createServer().listen(path);
    try {
      await once(server, 'listening');
      const mounts: StepProcess['mounts'] = [{ type: 'bind', source: path, target: '/run/agent', readOnly: false }];
      expect(await bench.run('test -S /run/agent', { mounts })).toMatchObject({ code: 0 });
      expect(existsSync(join(bench.root, 'run'))).toBe(false);
      expect(existsSync(path)).toBe(true);
    } finally {
      server.close();
    }
  });

  it('drops what is written to a mount that takes writes', async () => {
    const source = bench.beside('source');
    mkdirSync(join(source, 'sub'), { recursive: true });
    writeFileSync(join(source, 'file'), 'content');
    const mounts: StepProcess['mounts'] = [
      { type: 'overlay', source, target: '/dir' },
      { type: 'overlay', source: join(source, 'file'), target: '/one' },
    ];
    const script = 'echo more >> /dir/file; echo more >> /one; rm -r /dir/sub; cat /dir/file /one; ls /dir';
    expect((await bench.run(script, { mounts })).stdout).toBe('contentmore\ncontentmore\nfile\n');
    expect(readdirSync(source)).toEqual(['file', 'sub']);
    expect(readFileSync(join(source, 'file'), 'utf8')).toBe('content');
    expect(readdirSync(bench.root).sort()).toEqual(['bin', 'tmp']);
  });

  it('has memory at a tmpfs mount', async () => {
    const mounts: StepProcess['mounts'] = [{ type: 'tmpfs', target: '/tmp/t', mode: 0o700 }];
    expect((await bench.run('stat -c %a /tmp/t; echo x > /tmp/t/f; cat /tmp/t/f', { mounts })).stdout).toBe('700\nx\n');
    expect(readdirSync(join(bench.root, 'tmp'))).toEqual([]);
  });

  it('resolves mount targets within the tree', async () => {
    const outside = bench.beside('outside');
    mkdirSync(outside);
    symlinkSync(outside, join(bench.root, 'link'));
    symlinkSync('../../../../../..', join(bench.root, 'up'));
    const mounts: StepProcess['mounts'] = [
      { type: 'bind', source: '/etc/hostname', target: '/link/a', readOnly: true },
      { type: 'bind', source: '/etc/hostname', target: `/up${outside}/b`, readOnly: true },
    ];
    expect(await bench.run('cat /link/a', { mounts })).toMatchObject({ code: 0 });
    expect(readdirSync(outside)).toEqual([]);
  });

  it('removes nothing outside when the step replaces a mount point by a symlink', async () => {
    const outside = bench.beside('outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'x'), '');
    const mounts: StepProcess['mounts'] = [
      { type: 'bind', source: '/etc/hostname', target: '/run/s/x', readOnly: true },
    ];
    await bench.run(
      `mv /run /gone; ln -s ${outside.replace(/\/[^/]+$/, '')} /run; mkdir -p ${outside}; ln -s ${outside} /run/s`,
      { mounts },
    );
    expect(readdirSync(outside)).toEqual(['x']);
  });

  it('keeps the symlinks of the image where files are mounted', async () => {
    mkdirSync(join(bench.root, 'etc'));
    symlinkSync('../run/resolve/stub.conf', join(bench.root, 'etc/resolv.conf'));
    const before = bench.listing();
    expect(await bench.run('cat /etc/resolv.conf')).toMatchObject({ code: 0 });
    expect(bench.listing()).toBe(before);
    expect(readlinkSync(join(bench.root, 'etc/resolv.conf'))).toBe('../run/resolve/stub.conf');
  });
}
