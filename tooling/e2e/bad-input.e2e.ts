import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { faultProxy, startRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushLayout } from '../base-images/base-registry.ts';
import { writeOciImage } from '../base-images/oci-image.ts';
import { requireCommand } from '../src/command.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** Builds a Dockerfile that must fail, and returns the output. */
async function failureOf(
  dockerfile: string,
  flags: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const context = await bench.writeContext({ Dockerfile: dockerfile, ...files });
  const run = await bench.build({ context, flags });
  expect(run.status, run.output).not.toBe(0);
  expect(run.output).not.toMatch(/at .*\.ts:\d+/); // a stack is for bugs, not for users
  return run.output;
}

describe('bad input gets a clear error', () => {
  it('an unknown instruction: line, and what was meant', async () => {
    expect(await failureOf('FROM busybox\nCOPPY a b\n')).toMatch(/COPPY[\s\S]*COPY/);
  });

  it('an unknown flag of an instruction', async () => {
    expect(await failureOf('FROM busybox\nCOPY --chwon=1 a b\n')).toMatch(/chwon[\s\S]*chown/);
  });

  it('an unknown flag of the command line', async () => {
    expect(await failureOf('FROM busybox\n', ['--tagg', 'x'])).toMatch(/--tagg[\s\S]*--tag/);
  });

  it('a missing COPY source', async () => {
    expect(await failureOf('FROM busybox\nCOPY missing.txt /\n')).toMatch(/missing\.txt/);
  });

  it('a missing base image: lists what was tried', async () => {
    expect(await failureOf(`FROM ${bench.base.host}/nothing/here:v1\n`)).toMatch(/nothing\/here[\s\S]*tried/);
  });

  it('an output that cannot be written', async () => {
    const file = join(bench.scratch, 'file');
    await writeFile(file, '');
    expect(await failureOf('FROM busybox\n', ['--output', `type=oci,dest=${file}/image.tar`])).toContain(file);
  });

  it('a missing Dockerfile and a missing context', async () => {
    const empty = join(bench.scratch, 'empty');
    await mkdir(empty);
    expect((await bench.build({ context: empty })).output).toContain('Dockerfile');
    expect((await bench.build({ context: join(bench.scratch, 'nowhere') })).output).toContain('nowhere');
  });
});

describe('a registry that lies or refuses', () => {
  it('wrong credentials: says which file was used', async () => {
    await using registry = await startRegistry({ auth: { user: 'alice', password: 'right' } });
    const config = join(bench.scratch, 'docker-config');
    await mkdir(config);
    const auth = Buffer.from('alice:wrong-password').toString('base64');
    await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const context = await bench.writeContext({ Dockerfile: `FROM ${registry.host}/private:v1\n` });
    const { status, output } = await bench.build({ context, env: { DOCKER_CONFIG: config } });
    expect(status).not.toBe(0);
    expect(output).toContain(join(config, 'config.json'));
    expect(output).not.toContain('wrong-password');
  });

  it('a layer with a flipped bit: says which digest was expected', async () => {
    await using proxy = await faultProxy(bench.base.url, [
      { method: 'GET', path: /\/blobs\//, fault: { flipBitAt: 5000 } },
    ]);
    expect(await runOn(proxy.url, 'flipped')).toMatch(/digest/i);
  });

  it('a layer that is cut short', async () => {
    await using proxy = await faultProxy(bench.base.url, [
      { method: 'GET', path: /\/blobs\//, fault: { truncateAfterBytes: 5000 } },
    ]);
    expect(await runOn(proxy.url, 'truncated')).toMatch(/sha256:|bytes/);
  });

  it('a layer that tries to escape its root writes nothing outside', async () => {
    const victim = join(bench.scratch, 'victim');
    await pushHostileImage(victim, `${bench.base.host}/library/hostile:latest`);
    const context = await bench.writeContext({ Dockerfile: 'FROM hostile\nRUN true\n' });
    const run = await bench.build({ context });
    expect(run.status).not.toBe(0);
    expect(existsSync(victim)).toBe(false);
  });
});

describe('a full disk', () => {
  it('says so, and leaves no half-written output', async () => {
    const state = join(bench.scratch, 'small');
    await mkdir(state);
    const mount = 'mount -t tmpfs -o size=12m tmpfs "$0" && exec "$@"';
    const wrapper = ['unshare', '--mount', 'sh', '-c', mount, state];
    const context = await bench.writeContext({
      Dockerfile: 'FROM busybox\nRUN dd if=/dev/urandom of=/big bs=1M count=64\n',
    });
    const image = join(bench.scratch, 'never.tar');
    const run = await bench.build({ context, state, wrapper, flags: ['--output', `type=oci,dest=${image}`] });
    expect(run.status).not.toBe(0);
    expect(run.output).toMatch(/no space/i);
    expect(existsSync(image)).toBe(false);
  });
});

/** Builds one RUN on a busybox that comes through `mirror`, in fresh state. */
async function runOn(mirror: string, name: string): Promise<string> {
  const context = await bench.writeContext({ Dockerfile: 'FROM busybox\nRUN true\n' });
  const { status, output } = await bench.build({ context, mirror, state: join(bench.scratch, name) });
  expect(status).not.toBe(0);
  return output;
}

/** An image with an entry that climbs out to `victim`, which is an absolute path. */
async function pushHostileImage(victim: string, reference: string): Promise<void> {
  const archive = join(bench.scratch, 'hostile.tar');
  const climb = `../../../../../../../../../../..${victim}`;
  await writeFile(join(bench.scratch, 'payload'), 'escaped\n');
  await requireCommand([
    'tar',
    '-P',
    '-cf',
    archive,
    '-C',
    bench.scratch,
    `--transform=s,payload,${climb},`,
    'payload',
  ]);
  const layout = join(bench.scratch, 'hostile');
  await writeOciImage(await readFile(archive), { layout, tag: 'latest', config: {}, epochSeconds: 0 });
  await pushLayout(`${layout}:latest`, reference);
}
