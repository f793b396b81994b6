import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parseDockerfile } from '@shale/dockerfile-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StepNode } from '../graph/build-graph.ts';
import { chainOf } from '../graph/build-graph.ts';
import type { BuildContext } from '../graph/context.ts';
import { openDirectoryContext } from '../context/directory-context.ts';
import { planBuild } from '../plan/plan.ts';
import { CopyFixture } from '../copy/copy-fixture.ts';
import { contextDigests, digestContextSource } from './digest-context-source.ts';
import { remoteKey } from './remote-version.ts';

let trees: CopyFixture;
let context: BuildContext;
let reads: string[];

beforeEach(() => {
  trees = new CopyFixture();
  reads = [];
  const opened = openDirectoryContext(trees.from);
  const fingerprint: BuildContext['files']['fingerprint'] = (path, host, stats) => {
    reads.push(path);
    return opened.files.fingerprint(path, host, stats);
  };
  context = { ...opened, files: { ...opened.files, fingerprint } };
});
afterEach(() => trees[Symbol.dispose]());

async function stepsOf(...instructions: string[]): Promise<StepNode[]> {
  const stage = await planBuild(parseDockerfile(`FROM scratch\n${instructions.join('\n')}\n`), {
    source: { name: 'Dockerfile', text: '' },
    context,
    namedContexts: new Map(),
    target: undefined,
    buildArgs: {},
    platform: { os: 'linux', architecture: 'amd64' },
    noCache: false,
    network: 'host',
    entitlements: [],
    images: [],
    onProgress: () => {},
    signal: undefined,
  });
  return chainOf(stage.tip);
}

const source = () => ({ type: 'context', context }) as const;

describe('digestContextSource()', () => {
  it('counts remote sources by name and by what is behind them', async () => {
    const [step] = (await stepsOf('ADD https://h/f /')) as [StepNode];
    const digest = (version?: string) => {
      const versions = new Map(version === undefined ? [] : [[remoteKey('https://h/f', undefined), version]]);
      return digestContextSource(step, source(), versions).digest;
    };
    expect(new Set([digest(), digest('1'), digest('2')]).size).toBe(3);
    expect(digest('1')).toBe(digest('1'));
  });

  it('counts what a bind mount of the context holds', async () => {
    trees.write('d/f', '1');
    const [step] = (await stepsOf('RUN --mount=type=bind,source=d,target=/d true')) as [StepNode];
    const before = digestContextSource(step, source()).digest;
    trees.write('other');
    expect(digestContextSource(step, source()).digest).toBe(before);
    trees.write('d/f', '2');
    expect(digestContextSource(step, source()).digest).not.toBe(before);
  });

  it('fails with the name of a source that is missing', async () => {
    mkdirSync(join(trees.from, 'd'));
    symlinkSync('/gone', join(trees.from, 'd/dangling'));
    const [dangling] = (await stepsOf('COPY d/dangling /')) as [StepNode];
    expect(() => digestContextSource(dangling, source())).toThrow('"/d/dangling": not found');
  });
});

describe('contextDigests()', () => {
  it('reads once what several steps read alike, and tells apart what they do not', async () => {
    trees.write('f', 'x', 0o600);
    const lines = ['COPY . /a', 'COPY . /b', 'COPY --chmod=644 . /c', 'COPY --exclude=g . /d', 'COPY f /e'];
    const steps = await stepsOf(...lines);
    const digests = contextDigests();
    const found = steps.map((step) => digests(step, source()).digest);
    expect(found).toEqual(steps.map((step) => digestContextSource(step, source()).digest));
    expect(reads).toHaveLength(4 + 5);
    expect(new Set(found).size).toBe(3); // one mode, no mode, one file by its name
  });
});
