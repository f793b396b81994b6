import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireCommand } from '../src/command.ts';
import { requireShale } from '../src/shale.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

const PLATFORMS = ['linux/amd64', 'linux/s390x'];
const DOCKERFILE = `
FROM --platform=$BUILDPLATFORM busybox AS shared
RUN date +%s%N > /stamp
FROM --platform=$BUILDPLATFORM busybox AS cross
ARG TARGETPLATFORM TARGETARCH
RUN echo "$TARGETPLATFORM $TARGETARCH" > /made
FROM scratch
ARG TARGETARCH
ENV ARCH=$TARGETARCH
COPY --from=shared /stamp /
COPY --from=cross /made /
`;

let bench: Workbench;
let context: string;
beforeAll(async () => {
  bench = await openWorkbench();
  context = await bench.writeContext({ Dockerfile: DOCKERFILE });
});
afterAll(() => bench[Symbol.asyncDispose]());

interface Index {
  readonly mediaType: string;
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform: { readonly os: string; readonly architecture: string };
  }[];
}

const all = ['--platform', PLATFORMS.join(',')];
const skopeo = (...args: string[]) => requireCommand(['skopeo', ...args]);

it('pushes an index whose images differ by platform, and runs what they share once', async () => {
  const reference = `${bench.base.host}/multi/app:v1`;
  const metadata = join(bench.scratch, 'metadata.json');
  const iidfile = join(bench.scratch, 'iid');
  const files = ['--metadata-file', metadata, '--iidfile', iidfile];
  const run = await bench.requireBuild({ context, flags: [...all, '--tag', reference, '--push', ...files] });
  expect(run.ran.filter((name) => name.startsWith('RUN date'))).toHaveLength(1);
  expect(run.ran.filter((name) => name.startsWith('RUN echo'))).toHaveLength(2);
  expect(run.steps.map(({ stage }) => stage)).toContain('linux/amd64->s390x cross');

  const raw = await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${reference}`);
  const index = JSON.parse(raw) as Index;
  expect(index.mediaType).toBe('application/vnd.oci.image.index.v1+json');
  expect(index.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`)).toEqual(PLATFORMS);
  const written = JSON.parse(await readFile(metadata, 'utf8')) as Record<string, unknown>;
  expect(written).toMatchObject({
    'containerimage.digest': run.digest,
    'containerimage.descriptor': { mediaType: index.mediaType, digest: run.digest },
  });
  expect(written).not.toHaveProperty('containerimage.config.digest');
  expect(await readFile(iidfile, 'utf8')).toBe(run.digest);
  const inspect = ['inspect', '--tls-verify=false', '--override-arch', 's390x', `docker://${reference}`];
  const image = JSON.parse(await skopeo(...inspect)) as { Architecture: string; Env: readonly string[] };
  expect([image.Architecture, image.Env.includes('ARCH=s390x')]).toEqual(['s390x', true]);

  const again = await bench.requireBuild({ context, flags: [...all, '--tag', reference] });
  expect([again.ran, again.digest]).toEqual([[], run.digest]);
});

it('writes one OCI archive, and a folder for each platform in type=local and type=tar', async () => {
  const archive = join(bench.scratch, 'multi.tar');
  const directory = join(bench.scratch, 'multi');
  const tar = join(bench.scratch, 'multi-rootfs.tar');
  const merged = join(bench.scratch, 'merged');
  const trees = [
    `type=local,dest=${directory}`,
    `type=tar,dest=${tar}`,
    `type=local,dest=${merged},platform-split=false`,
  ];
  const outputs = [`type=oci,dest=${archive}`, ...trees];
  await bench.requireBuild({ context, flags: [...all, ...outputs.flatMap((text) => ['--output', text])] });
  const index = JSON.parse(await skopeo('inspect', '--raw', `oci-archive:${archive}`)) as Index;
  expect(index.manifests).toHaveLength(2);
  expect(await readFile(join(directory, 'linux_s390x/made'), 'utf8')).toBe('linux/s390x s390x\n');
  expect(await readFile(join(directory, 'linux_amd64/made'), 'utf8')).toBe('linux/amd64 amd64\n');
  expect(await requireCommand(['tar', '-tf', tar])).toContain('linux_s390x/made');
  expect(await readFile(join(merged, 'made'), 'utf8')).toBe('linux/s390x s390x\n');
});

it('makes an index of one image where that is asked for', async () => {
  const archive = join(bench.scratch, 'one.tar');
  const flags = ['--build-arg', 'BUILDKIT_MULTI_PLATFORM=1', '--output', `type=oci,dest=${archive}`];
  await bench.requireBuild({ context, flags: ['--platform', 'linux/s390x', ...flags] });
  const index = JSON.parse(await skopeo('inspect', '--raw', `oci-archive:${archive}`)) as Index;
  expect(index.manifests.map(({ platform }) => platform.architecture)).toEqual(['s390x']);
});

it('pushes a manifest list of docker where that is asked for', async () => {
  const reference = `${bench.base.host}/multi/docker:v1`;
  const output = `type=registry,name=${reference},oci-mediatypes=false`;
  const run = await bench.requireBuild({ context, flags: [...all, '--output', output] });
  const raw = await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${reference}`);
  const list = JSON.parse(raw) as Index;
  expect(list.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json');
  const image = `${bench.base.host}/multi/docker@${list.manifests[1]?.digest}`;
  const manifest = await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${image}`);
  expect([...new Set(manifest.match(/application\/vnd\.\w+/g))]).toEqual(['application/vnd.docker']);
  expect(run.digest).toBe(`sha256:${createHash('sha256').update(raw).digest('hex')}`);
});

it('refuses type=docker for several platforms before anything is built', async () => {
  const archive = join(bench.scratch, 'docker.tar');
  const run = await bench.build({ context, flags: [...all, '--output', `type=docker,dest=${archive}`] });
  expect([run.status, run.steps]).toEqual([2, []]);
  expect(run.output).toContain('docker exporter does not currently support exporting manifest lists');
  await expect(access(archive)).rejects.toThrow();
});

it('refuses RUN without an emulator before anything is run, at its line', async () => {
  const foreign = await bench.writeContext({
    Dockerfile:
      'FROM --platform=$BUILDPLATFORM busybox AS first\nRUN echo never\nFROM scratch\nCOPY --from=first /bin /bin\nRUN echo no\n',
  });
  const run = await bench.build({ context: foreign, flags: ['--platform', 'linux/mips64le'] });
  expect([run.status, run.ran]).toEqual([1, []]);
  expect(run.output).toMatch(/Dockerfile:5: RUN for linux\/mips64le cannot be executed here: /);
  expect(run.output).toContain('>>> RUN echo no');
  expect(run.output).toContain('a stage that is for $BUILDPLATFORM');
});

it('keeps an index in the state folder, for FROM, push and images', async () => {
  const base = 'localhost/multi/base:v1';
  await bench.requireBuild({ context, flags: [...all, '--tag', base] });
  const next = await bench.writeContext({ Dockerfile: `FROM ${base}\nCOPY Dockerfile /\n` });
  const directory = join(bench.scratch, 'next');
  await bench.requireBuild({ context: next, flags: ['--platform', 'linux/s390x', '-o', directory] });
  expect(await readFile(join(directory, 'made'), 'utf8')).toBe('linux/s390x s390x\n');

  const state = ['--state-dir', join(bench.scratch, 'state')];
  const listed = await requireShale(['images', ...state]);
  expect(listed.stdout).toMatch(/localhost\/multi\/base:v1 .*linux\/amd64,linux\/s390x/);
  const reference = `${bench.base.host}/multi/pushed:v1`;
  await requireShale(['push', base, '--to', reference, ...state]);
  const raw = await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${reference}`);
  expect((JSON.parse(raw) as Index).manifests).toHaveLength(2);
});
