import type { Image, ImageConfig, ImageSource } from '@shale/core';
import { imageOfConfig, sha256 } from '@shale/core';
import { parseDockerfile } from '@shale/dockerfile-parser';
import { expect, it } from 'vitest';
import type { PlannedStage, StepNode } from '../graph/build-graph.ts';
import { chainOf, reachableSteps } from '../graph/build-graph.ts';
import { openDirectoryContext } from '../context/directory-context.ts';
import type { PlanOptions } from './planning.ts';
import { planBuild } from './plan.ts';

function imageOf(config: ImageConfig['config']): Image {
  const rootfs = { type: 'layers', diff_ids: [] } as const;
  return imageOfConfig(
    { os: 'linux', architecture: 'amd64', config, rootfs, history: [] },
    { origin: { source: 'test', name: 'test' } },
  );
}

function sourceOf(images: Readonly<Record<string, ImageConfig['config']>>, asked: string[] = []): ImageSource {
  return {
    name: 'test',
    async resolve({ repository }) {
      asked.push(repository);
      const config = images[repository.replace('library/', '')];
      return config === undefined ? undefined : imageOf(config);
    },
  };
}

const context = openDirectoryContext(import.meta.dirname);

function plan(text: string, options: Partial<PlanOptions> = {}): Promise<PlannedStage> {
  return planBuild(parseDockerfile(text), {
    source: { name: 'Dockerfile', text: '' },
    context,
    namedContexts: new Map(),
    target: undefined,
    buildArgs: {},
    platform: { os: 'linux', architecture: 'amd64' },
    noCache: false,
    network: 'host',
    entitlements: [],
    images: [sourceOf({ busybox: { Env: ['PATH=/bin'], Cmd: ['sh'] } })],
    onProgress: () => {},
    signal: undefined,
    ...options,
  });
}

const runs = (stage: PlannedStage) =>
  chainOf(stage.tip).flatMap(({ action }) => (action.type === 'run' ? [action] : []));
const historyOf = (stage: PlannedStage) => stage.history.map(({ createdBy }) => createdBy);

it('planBuild() plans only what the target needs', async () => {
  const asked: string[] = [];
  const text = 'FROM busybox AS a\nRUN one\nFROM absent AS unused\nRUN two\nFROM busybox\nCOPY --from=a /x /y\n';
  const stage = await plan(text, { images: [sourceOf({ busybox: {} }, asked)] });
  expect(reachableSteps(stage.tip).map(({ info }: StepNode) => info.name)).toEqual(['RUN one', 'COPY --from=a /x /y']);
  expect(asked).toEqual(['library/busybox']);
});

it('planBuild() lets the last of ENV and valued ARG win in RUN, and keeps ARG out of the config', async () => {
  const stage = await plan('FROM busybox\nENV A=env\nARG A=arg\nRUN x\nENV A=again\nRUN y\n');
  expect(runs(stage).map(({ environment }) => environment)).toEqual([
    ['PATH=/bin', 'A=arg'],
    ['PATH=/bin', 'A=again'],
  ]);
  expect(stage.state.config.Env).toEqual(['PATH=/bin', 'A=again']);
});

it('planBuild() gives a stage a global ARG only when it declares it', async () => {
  const stage = await plan('ARG V=1\nFROM busybox\nRUN a\nARG V\nRUN b\n', { buildArgs: { V: '2' } });
  expect(runs(stage).map(({ environment }) => environment.includes('V=2'))).toEqual([false, true]);
});

it('planBuild() reads every value of one ENV from before it, and of one ARG in order', async () => {
  const stage = await plan('FROM busybox\nENV a=1\nENV a=2 b=$a\nARG c=3 d=$c\nRUN x\n');
  expect(runs(stage)[0]?.environment).toEqual(['PATH=/bin', 'a=2', 'b=1', 'c=3', 'd=3']);
});

it('planBuild() keeps proxy settings out of what keys and history see', async () => {
  const stage = await plan('FROM busybox\nRUN x\n', { buildArgs: { http_proxy: 'http://secret' } });
  expect(runs(stage)[0]).toMatchObject({ environment: ['PATH=/bin'], hiddenEnvironment: ['http_proxy=http://secret'] });
  expect(historyOf(stage).join('')).not.toContain('secret');
});

it('planBuild() writes history as BuildKit does', async () => {
  const stage = await plan(
    'FROM busybox\nARG A=1\nRUN make\nWORKDIR sub\nCMD ["a", "b"]\nEXPOSE 80\nVOLUME /v\nSHELL ["/bin/ash", "-c"]\nHEALTHCHECK --interval=1m CMD x\n',
  );
  expect(historyOf(stage)).toEqual([
    'ARG A=1',
    'RUN |1 A=1 /bin/sh -c make # buildkit',
    'WORKDIR /sub',
    'CMD ["a" "b"]',
    'EXPOSE map[80/tcp:{}]',
    'VOLUME [/v]',
    'SHELL [/bin/ash -c]',
    `HEALTHCHECK &{["CMD-SHELL" "x"] "1m0s" "0s" "0s" "0s" '\\x00'}`,
  ]);
});

it('planBuild() clears an inherited CMD at ENTRYPOINT, and leaves one of this stage', async () => {
  expect((await plan('FROM busybox\nENTRYPOINT ["e"]\n')).state.config.Cmd).toBeUndefined();
  expect((await plan('FROM busybox\nCMD ["c"]\nENTRYPOINT ["e"]\n')).state.config.Cmd).toEqual(['c']);
});

it('planBuild() runs triggers of images and of stages directly after FROM, once', async () => {
  const fromImage = await plan('FROM busybox\nRUN own\n', {
    images: [sourceOf({ busybox: { OnBuild: ['RUN trigger'] } })],
  });
  expect(runs(fromImage).map(({ args }) => args.at(-1))).toEqual(['trigger', 'own']);
  expect(fromImage.state.config.OnBuild).toBeUndefined();
  const fromStage = await plan('FROM busybox AS a\nONBUILD RUN t\nFROM a AS b\nFROM b\nRUN own\n');
  expect(runs(fromStage).map(({ args }) => args.at(-1))).toEqual(['t', 'own']);
});

it.each([
  ['FROM busybox AS build\n', { target: 'bulid' }, 'target stage "bulid" could not be found (did you mean build?)'],
  [
    'FROM busybox AS a\nCOPY --from=b /x /\nFROM busybox AS b\nFROM a\n',
    {},
    'cannot copy from stage "b", it needs to be defined before current stage "a"',
  ],
  ['FROM busybox AS a\nCOPY --from=a /x /\n', {}, 'circular dependency detected on stage: a'],
  ['FROM busybox\nCOPY --from=3 /x /\n', {}, 'invalid stage index 3'],
  ['FROM ${NONE}\n', {}, 'base name (${NONE}) should not be blank'],
  ['FROM busybox\nRUN --network=moon x\n', {}, 'invalid network mode "moon"'],
  ['FROM busybox\nRUN --network=host x\n', { network: 'none' }, 'entitlement network.host is not allowed'],
  ['FROM busybox\nRUN --security=none x\n', {}, 'security "none" is not valid'],
  ['FROM busybox\nRUN --security=insecure x\n', {}, 'entitlement security.insecure is not allowed'],
  ['FROM busybox\nCOPY https://h/f /\n', {}, "source can't be a URL for COPY"],
  ['FROM busybox\nCOPY git@h:a/b.git /\n', {}, "source can't be a git ref for COPY"],
  ['FROM busybox\nCOPY --chmod=9 f /\n', {}, 'invalid chmod parameter'],
  [`FROM busybox\nADD --checksum=${sha256('')} f /\n`, {}, 'checksum requires HTTP(S) or Git sources'],
  ['FROM busybox\nADD --checksum=md5:1 http://h/f /\n', {}, 'unsupported checksum "md5:1"'],
  [
    `FROM busybox\nADD --checksum=${sha256('')} http://h/f http://h/g /\n`,
    {},
    "checksum can't be specified for multiple sources",
  ],
] as const)('planBuild() refuses %j', async (text, options, message) => {
  await expect(plan(text, options)).rejects.toThrow(message);
});

it('planBuild() lets RUN leave its sandbox where that was allowed, and have the network that every step has', async () => {
  const text = 'FROM busybox\nRUN --network=host --security=insecure x\n';
  const allowed = await plan(text, { network: 'none', entitlements: ['network.host', 'security.insecure'] });
  expect(runs(allowed)).toMatchObject([{ network: 'host', security: 'insecure' }]);
  const host = await plan('FROM busybox\nRUN --network=host x\nRUN --network=none --security=sandbox y\n');
  expect(runs(host)).toMatchObject([
    { network: 'host', security: 'sandbox' },
    { network: 'none', security: 'sandbox' },
  ]);
});

it('planBuild() takes the platform of an image that has no other, unless one was asked for', async () => {
  const foreign: ImageSource = {
    name: 'test',
    async resolve() {
      const image = imageOf({});
      return { ...image, config: { ...image.config, architecture: 's390x' } };
    },
  };
  const images = [foreign];
  const platformOf = async (text: string, options: Partial<PlanOptions>) =>
    (await plan(text, { images, ...options })).state.platform.architecture;
  expect(await platformOf('FROM x\n', { isPlatformImplicit: true })).toBe('s390x');
  expect(await platformOf('FROM x\n', { isPlatformImplicit: false })).toBe('amd64');
  expect(await platformOf('FROM --platform=linux/arm64 x\n', { isPlatformImplicit: true })).toBe('arm64');
});

it('planBuild() asks whether a stage was meant by an image that is not there', async () => {
  const text = 'FROM busybox AS build\nRUN x\nFROM busybox\nCOPY --from=biuld /x /\n';
  await expect(plan(text)).rejects.toMatchObject({ place: { line: 4 }, hint: 'Did you mean the stage build?' });
});

it('planBuild() shows the lines of the instruction that is at fault, whatever stage it is in', async () => {
  const text = 'FROM busybox AS a\nRUN x\nCOPY --from=7 \\\n  /x /\nFROM busybox\nCOPY --from=a /x /\n';
  await expect(plan(text, { source: { name: 'app.Dockerfile', text } })).rejects.toMatchObject({
    code: 'DOCKERFILE_INVALID',
    place: { file: 'app.Dockerfile', line: 3, endLine: 4 },
    excerpt: expect.stringContaining(' 3 | >>> COPY --from=7 \\\n 4 | >>>   /x /'),
  });
});

it.each([
  ['FROM --platform=linux/no/such/thing busybox\n', 'PLATFORM_INVALID'],
  ['FROM busybox:-bad\n', 'REFERENCE_INVALID'],
  ['FROM busybox\nSTOPSIGNAL NOPE\n', 'DOCKERFILE_INVALID'],
])('planBuild() places what it finds wrong with a value: %j', async (text, code) => {
  const place = { file: 'Dockerfile', line: text.split('\n').length - 1 };
  await expect(plan(text)).rejects.toMatchObject({ code, place });
});

it('planBuild() lists every source that it tried for a missing base', async () => {
  const failing: ImageSource = { name: 'mirror', resolve: () => Promise.reject(new Error('503')) };
  await expect(plan('FROM nothing\n', { images: [failing, sourceOf({})] })).rejects.toMatchObject({
    code: 'BASE_IMAGE_MISSING',
    place: { file: 'Dockerfile', line: 1 },
    failure: { tried: ['mirror: 503', 'test: not there'] },
  });
});

it('planBuild() hands here-documents to the shell, as a script, or as a file to execute', async () => {
  const stage = await plan(
    'FROM busybox\nRUN <<EOF\necho a\nEOF\nRUN cat <<EOF > f\nb\nEOF\nRUN <<EOF\n#!/bin/x\nc\nEOF\n',
  );
  expect(runs(stage).map(({ args }) => args.at(-1))).toEqual(['echo a\n', 'cat <<EOF > f\nb\nEOF', '/dev/pipes/EOF']);
  expect(runs(stage)[2]?.scripts).toEqual([{ path: '/dev/pipes/EOF', content: '#!/bin/x\nc\n' }]);
});

it('planBuild() follows a chain of 10,000 stages', async () => {
  const stages = Array.from(
    { length: 10_000 },
    (_, index) => `FROM ${index === 0 ? 'busybox' : `s${index - 1}`} AS s${index}`,
  );
  const stage = await plan(`${stages.join('\n')}\nENV last=1\n`);
  expect(stage.state.config.Env).toEqual(['PATH=/bin', 'last=1']);
});
