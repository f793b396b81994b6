import { generateKeyPairSync } from 'node:crypto';
import { chmod, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireShale, runShale } from '../src/shale.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

const DOCKERFILE = `FROM busybox AS tools
ARG VERSION=1
ENV MODE=fast KEEP=same
WORKDIR /work
COPY src /src
RUN --mount=type=tmpfs,target=/scratch echo "$VERSION" > /version
USER 1000
RUN --network=none true
FROM scratch AS final
COPY --chown=1:1 <<note /note
hello
note
COPY plain.txt /plain.txt
COPY --from=tools /version /version
`;

const FILES = { 'src/a.txt': 'a\n', 'src/b.txt': 'b\n', 'src/run.sh': '#!/bin/sh\n', 'plain.txt': 'plain\n' };

interface BuildReport {
  readonly steps: readonly object[];
}

interface Miss {
  readonly stage: string;
  readonly name: string;
  readonly cause: { readonly type: string } & Readonly<Record<string, unknown>>;
  readonly reason: string;
}

let bench: Workbench;
let state: string;
let original: string;
beforeAll(async () => {
  bench = await openWorkbench();
  state = join(bench.scratch, 'state');
  original = await bench.writeContext({ Dockerfile: DOCKERFILE, ...FILES });
  await chmod(join(original, 'src/b.txt'), 0o644);
  await bench.requireBuild({ context: original, flags: ['--cache-ttl', '0'] });
});
afterAll(() => bench[Symbol.asyncDispose]());

const places = (stateDir = state) => ['--state-dir', stateDir, '--registry-mirror', bench.base.url];

async function explain(flags: readonly string[] = [], stateDir?: string): Promise<readonly Miss[]> {
  const { stdout } = await requireShale(['explain', '--json', ...places(stateDir), ...flags, original]);
  return (JSON.parse(stdout) as { readonly misses: readonly Miss[] }).misses;
}

/** Changes the context, explains the first miss, and restores the context. */
async function firstMiss(change: () => Promise<void>, flags: readonly string[] = []): Promise<Miss | undefined> {
  const saved = `${original}.saved`;
  await cp(original, saved, { recursive: true });
  try {
    await change();
    return (await explain(flags))[0];
  } finally {
    await rm(original, { recursive: true });
    await cp(saved, original, { recursive: true });
    await rm(saved, { recursive: true });
  }
}

const write = (name: string, text: string) => () => writeFile(join(original, name), text);
const edit = (from: string | RegExp, to: string) => write('Dockerfile', DOCKERFILE.replace(from, to));
const nothing = async () => {};

const FIRST_STEP = 'WORKDIR /work';
const COPY_SRC = 'COPY src /src';
const RUN_VERSION = 'RUN --mount=type=tmpfs,target=/scratch echo "$VERSION" > /version';

/** A change, the step that misses first, and the reason. */
const SEEDS: readonly [string, () => Promise<void>, string, object, (readonly string[])?][] = [
  ['a file edited', write('src/a.txt', 'x'), COPY_SRC, { type: 'file', path: 'src/a.txt', change: 'changed' }],
  ['a file added', write('src/new.txt', 'x'), COPY_SRC, { type: 'file', path: 'src/new.txt', change: 'added' }],
  [
    'a file removed',
    () => rm(join(original, 'src/b.txt')),
    COPY_SRC,
    { type: 'file', path: 'src/b.txt', change: 'removed' },
  ],
  [
    'a mode changed',
    () => chmod(join(original, 'src/b.txt'), 0o755),
    COPY_SRC,
    { type: 'file', path: 'src/b.txt', change: 'changed', how: 'mode' },
  ],
  [
    'a build argument',
    nothing,
    RUN_VERSION,
    { type: 'variable', kind: 'ARG', name: 'VERSION', change: 'changed' },
    ['--build-arg', 'VERSION=2'],
  ],
  [
    'an ENV changed',
    edit('MODE=fast', 'MODE=slow'),
    RUN_VERSION,
    { type: 'variable', kind: 'ENV', name: 'MODE', change: 'changed' },
  ],
  [
    'an ENV added',
    edit('MODE=fast', 'MODE=fast MORE=1'),
    RUN_VERSION,
    { type: 'variable', kind: 'ENV', name: 'MORE', change: 'added' },
  ],
  [
    'an ENV removed',
    edit(' KEEP=same', ''),
    RUN_VERSION,
    { type: 'variable', kind: 'ENV', name: 'KEEP', change: 'removed' },
  ],
  ['another command', edit('> /version', '> /version # again'), `${RUN_VERSION} # again`, { type: 'instruction' }],
  ['another destination', edit('COPY src /src', 'COPY src /srv'), 'COPY src /srv', { type: 'instruction' }],
  ['a new instruction', edit('USER 1000', 'RUN true\nUSER 1000'), 'RUN true', { type: 'new-step' }],
  ['a here-document edited', edit('hello', 'bye'), 'COPY --chown=1:1 <<note /note', { type: 'heredoc', name: 'note' }],
  ['another owner', edit('1:1', '2:2'), 'COPY --chown=2:2 <<note /note', { type: 'option', name: 'chown' }],
  ['another user', edit('USER 1000', 'USER 0'), 'RUN --network=none true', { type: 'option', name: 'user' }],
  ['another network', edit('RUN --network=none', 'RUN'), 'RUN true', { type: 'option', name: 'network' }],
  [
    'a mount changed',
    edit('target=/scratch', 'target=/scratch,size=1m'),
    RUN_VERSION.replace('/scratch', '/scratch,size=1m'),
    { type: 'mount', target: '/scratch', change: 'changed' },
  ],
  ['another base image', edit('FROM busybox AS tools', 'FROM scratch AS tools'), FIRST_STEP, { type: 'base-image' }],
  ['another platform', nothing, FIRST_STEP, { type: 'platform' }, ['--platform', 'linux/s390x']],
  ['an expired entry', nothing, FIRST_STEP, { type: 'expired' }, ['--cache-ttl', '1ms']],
  [
    'a cache that cannot be reached',
    nothing,
    FIRST_STEP,
    { type: 'unreachable', backend: 'registry' },
    ['--cache-repo', '127.0.0.1:1/cache'],
  ],
];

describe('shale explain', () => {
  it('finds nothing to explain in a build that is cached', async () => {
    expect(await explain(['--cache-ttl', '0'])).toEqual([]);
  });

  it.for(SEEDS)('names %s', async ([, change, name, cause, flags = []]) => {
    const ttl = flags.includes('--cache-ttl') ? [] : ['--cache-ttl', '0'];
    expect(await firstMiss(change, [...ttl, ...flags])).toMatchObject({ name, cause });
  });

  it('names an entry that was evicted, and one that is not trusted', async () => {
    await cp(state, `${state}.copy`, { recursive: true });
    const list = await requireShale(['cache', 'ls', '--json', ...places(`${state}.copy`)]);
    const [entry] = (JSON.parse(list.stdout) as { key: string; instruction: string }[]).filter(({ instruction }) =>
      instruction.startsWith('COPY src'),
    );
    const prune = ['cache', 'prune', '--grace', '0', '--filter', `key=${entry?.key}`];
    await requireShale([...prune, ...places(`${state}.copy`)]);
    const evicted = await explain(['--cache-ttl', '0'], `${state}.copy`);
    expect(evicted).toMatchObject([{ name: COPY_SRC, cause: { type: 'evicted' } }]);

    const { publicKey } = generateKeyPairSync('ed25519');
    const key = join(bench.scratch, 'trusted.pub');
    await writeFile(key, publicKey.export({ type: 'spki', format: 'pem' }));
    const untrusted = await explain(['--cache-ttl', '0', '--cache-trust-key', key]);
    expect(untrusted[0]).toMatchObject({ name: FIRST_STEP, cause: { type: 'untrusted', reason: 'unsigned' } });
  });

  it('shows hashes of values, and the values when asked', async () => {
    const flags = ['--cache-ttl', '0', '--build-arg', 'VERSION=topsecret'];
    const [hashed] = await explain(flags);
    expect(hashed?.reason).toMatch(/^ARG VERSION changed: #[0-9a-f]{8} → #[0-9a-f]{8}$/);
    const [shown] = await explain([...flags, '--show-values']);
    expect(shown?.reason).toBe('ARG VERSION changed: "1" → "topsecret"');
  });

  it('tells of the last build, and on a machine that has built nothing compares with what others built', async () => {
    await using registry = await startRegistry();
    const cache = ['--cache-repo', `${registry.host}/cache`];
    const one = join(bench.scratch, 'one');
    await bench.requireBuild({ context: original, flags: cache, state: one });
    await writeFile(join(original, 'src/a.txt'), `elsewhere, at ${Date.now()}\n`);
    const misses = await explain(cache, join(bench.scratch, 'two'));
    expect(misses[0]).toMatchObject({ name: COPY_SRC, cause: { type: 'file', path: 'src/a.txt' } });
    expect(misses[1]).toMatchObject({ name: RUN_VERSION, reason: 'follows tools 2/4' });

    const file = join(bench.scratch, 'report.json');
    await bench.requireBuild({ context: original, flags: [...cache, '--report', file], state: one });
    const report = JSON.parse(await readFile(file, 'utf8')) as BuildReport;
    // what the last stage copies came out as before
    expect(report).toMatchObject({ cache: { hits: 4, misses: 3, missesByCause: { file: 1, 'parent-step': 2 } } });
    const [first, second] = report.steps;
    expect(first).toMatchObject({
      name: FIRST_STEP,
      outcome: 'cached',
      origin: 'registry',
      builder: expect.any(String),
    });
    expect(second).toMatchObject({ name: COPY_SRC, outcome: 'ran', reason: 'file src/a.txt changed' });
    const last = await runShale(['explain', '--state-dir', one]);
    expect(last.stdout).toContain('file src/a.txt changed');
    expect(last.stderr).toContain('ran in the last build');
    await writeFile(join(original, 'src/a.txt'), FILES['src/a.txt']);
  });
});
