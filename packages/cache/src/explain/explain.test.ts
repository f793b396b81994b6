import { sha256 } from '@shale/core';
import { madeKey } from '@shale/testing/cache-backend-contract';
import { describe, expect, it } from 'vitest';
import type { CacheInput } from '../keys/cache-input.ts';
import type { CacheEvent } from '../contract/cache-event.ts';
import type { KeyInput } from '../keys/cache-key.ts';
import { cacheKey } from '../keys/cache-key.ts';
import { explain, explainMiss } from './explain.ts';
import type { MissCause } from './miss-cause.ts';

const FILES = ['package.json', 'src/a.ts', 'src/b.ts', 'src/deep/c.ts'];

interface Seed {
  readonly inputs?: Readonly<Record<string, string | undefined>>;
  readonly files?: Readonly<Record<string, string | undefined>>;
}

function withSeed(base: Readonly<Record<string, string>>, seed: Readonly<Record<string, string | undefined>> = {}) {
  return Object.entries({ ...base, ...seed }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
}

/** The inputs of a RUN as the builder names them. */
function runInputs({ inputs }: Seed = {}): readonly CacheInput[] {
  const base = {
    instruction: 'make all',
    'env.PATH': '/bin',
    'env.VERSION': '1',
    workdir: '/src',
    user: 'root',
    network: 'host',
    'script.build': 'echo one',
    'mount./root/.cache': 'type=cache',
  };
  const parts = withSeed({ base: 'debian', platform: 'linux/amd64' }, pick(inputs, ['base', 'platform']));
  const parent: KeyInput = {
    name: 'parent',
    value: inputs?.['parent'] ?? JSON.stringify(parts),
    parts: parts.map(([name, value]) => ({ name, hash: sha256(value) })),
  };
  const own = withSeed(base, omit(inputs, ['base', 'platform', 'parent']));
  return cacheKey('run', [parent, ...own.map(([name, value]) => ({ name, value }))]).inputs;
}

/** The inputs of a COPY from the context. */
function copyInputs({ inputs, files }: Seed = {}, names: readonly string[] = FILES): readonly CacheInput[] {
  const base = { parent: 'key', destination: '/app', chown: '', chmod: '', exclude: '', flags: '' };
  const tree = withSeed(Object.fromEntries(names.map((name) => [name, `content of ${name}`])), files);
  const content: KeyInput = {
    name: 'content',
    value: JSON.stringify(tree),
    parts: tree.map(([name, value]) => ({ name: `file:${name}`, hash: sha256(value) })),
  };
  return cacheKey('copy', [...withSeed(base, inputs).map(([name, value]) => ({ name, value })), content]).inputs;
}

const pick = (seed: Seed['inputs'], names: string[]) =>
  Object.fromEntries(Object.entries(seed ?? {}).filter(([name]) => names.includes(name)));
const omit = (seed: Seed['inputs'], names: string[]) =>
  Object.fromEntries(Object.entries(seed ?? {}).filter(([name]) => !names.includes(name)));

const RUN_CAUSES: readonly [string, Seed, MissCause][] = [
  ['another platform', { inputs: { platform: 'linux/arm64' } }, { type: 'platform' }],
  ['another base image', { inputs: { base: 'debian again', 'env.PATH': '/sbin' } }, { type: 'base-image' }],
  ['another command', { inputs: { instruction: 'make some' } }, { type: 'instruction' }],
  ['a heredoc edited', { inputs: { 'script.build': 'echo 2' } }, { type: 'heredoc', name: 'build', change: 'changed' }],
  [
    'ENV changed',
    { inputs: { 'env.VERSION': '2' } },
    { type: 'variable', kind: 'ENV', name: 'VERSION', change: 'changed' },
  ],
  ['ENV added', { inputs: { 'env.DEBUG': '1' } }, { type: 'variable', kind: 'ENV', name: 'DEBUG', change: 'added' }],
  [
    'ENV removed',
    { inputs: { 'env.VERSION': undefined } },
    { type: 'variable', kind: 'ENV', name: 'VERSION', change: 'removed' },
  ],
  ['ARG added', { inputs: { 'arg.FOO': '1' } }, { type: 'variable', kind: 'ARG', name: 'FOO', change: 'added' }],
  ['another user', { inputs: { user: 'app' } }, { type: 'option', name: 'user', change: 'changed' }],
  ['another workdir', { inputs: { workdir: '/' } }, { type: 'option', name: 'workdir', change: 'changed' }],
  [
    'a mount changed',
    { inputs: { 'mount./root/.cache': 'type=tmpfs' } },
    { type: 'mount', target: '/root/.cache', change: 'changed' },
  ],
  ['the step before', { inputs: { parent: 'another key' } }, { type: 'parent-step' }],
];

const COPY_CAUSES: readonly [string, Seed, MissCause][] = [
  ['a file edited', { files: { 'src/a.ts': 'x' } }, { type: 'file', path: 'src/a.ts', change: 'changed' }],
  ['a file added', { files: { 'src/new.ts': 'x' } }, { type: 'file', path: 'src/new.ts', change: 'added' }],
  ['a file removed', { files: { 'src/b.ts': undefined } }, { type: 'file', path: 'src/b.ts', change: 'removed' }],
  ['another destination', { inputs: { destination: '/srv' } }, { type: 'instruction' }],
  ['another owner', { inputs: { chown: '1:1' } }, { type: 'option', name: 'chown', change: 'changed' }],
];

describe('explain()', () => {
  it.for(RUN_CAUSES)('explain() names %s of a RUN', ([, seed, cause]) => {
    expect(explain(runInputs(seed), [{ inputs: runInputs() }]).cause).toEqual(cause);
  });

  it.for(COPY_CAUSES)('explain() names %s of a COPY', ([, seed, cause]) => {
    expect(explain(copyInputs(seed), [{ inputs: copyInputs() }]).cause).toEqual(cause);
  });

  it('explain() tells a changed mode from a changed content', () => {
    const files = (hash: string) => [{ name: 'file:run.sh', hash }];
    const { cause } = explain(files('aaaaaaaaaaaa01ed'), [{ inputs: files('aaaaaaaaaaaa01a4') }]);
    expect(cause).toEqual({ type: 'file', path: 'run.sh', change: 'changed', how: 'mode' });
  });

  it('explain() says so when nothing is known, and when all is as it was', () => {
    expect(explain(runInputs(), [])).toEqual({ cause: { type: 'first-build' }, others: [], nearest: undefined });
    expect(explain(runInputs(), [{ inputs: runInputs() }]).cause).toEqual({ type: 'evicted' });
  });

  it('explain() tells what else differs', () => {
    const { cause, others } = explain(
      copyInputs({ files: { 'src/a.ts': 'x', 'src/b.ts': undefined }, inputs: { parent: 'p' } }),
      [{ inputs: copyInputs() }],
    );
    expect(cause).toMatchObject({ path: 'src/a.ts' });
    expect(others.map(({ type }) => type)).toEqual(['file', 'content', 'parent-step']);
  });

  it('explain() compares with the entry that has most in common', () => {
    const earlier = [
      { key: madeKey('far'), inputs: runInputs({ inputs: { 'env.VERSION': '0', user: 'app', instruction: 'x' } }) },
      { key: madeKey('near'), inputs: runInputs({ inputs: { 'env.VERSION': '0' } }) },
      { key: madeKey('older'), inputs: runInputs({ inputs: { 'env.VERSION': '-1' } }) },
    ];
    expect(explain(runInputs(), earlier)).toMatchObject({
      cause: { name: 'VERSION' },
      nearest: { key: madeKey('near') },
    });
  });

  it('explain() takes another kind of instruction for what it is', () => {
    expect(explain(copyInputs(), [{ inputs: runInputs() }]).cause).toEqual({ type: 'instruction' });
  });

  it('explain() compares lists of which one was folded', async () => {
    const names = Array.from({ length: 300 }, (_, at) => `src/${at % 10}/${at}.ts`);
    const { formatCacheRecord, parseCacheRecord } = await import('../records/record-manifest.ts');
    const folded = (inputs: readonly CacheInput[]) => {
      const record = { created: new Date(), history: {}, durationMs: 0, builder: '', inputs };
      const layer = { descriptor: { mediaType: 'x', digest: sha256(''), size: 1 }, diffId: sha256('') };
      const parsed = parseCacheRecord(formatCacheRecord(madeKey('a'), layer, record).raw);
      return parsed.kind === 'record' ? parsed.stored.record.inputs : [];
    };
    const earlier = [{ inputs: folded(copyInputs({}, names)) }];
    expect(earlier[0]?.inputs.some(({ name }) => name === 'file:src/3/')).toBe(true);
    expect(explain(copyInputs({}, names), earlier).cause).toEqual({ type: 'evicted' });
    const changed = copyInputs({ files: { 'src/3/13.ts': 'x' } }, names);
    expect(explain(changed, earlier).cause).toEqual({ type: 'directory', path: 'src/3/', change: 'changed' });
    expect(explain(folded(changed), [{ inputs: copyInputs({}, names) }]).cause).toMatchObject({ path: 'src/3/' });
  });
});

describe('explainMiss()', () => {
  const key = madeKey('a');
  const missed = { key, inputs: runInputs() };
  const events: readonly [CacheEvent, MissCause][] = [
    [
      { type: 'expired', backend: 'dir', key, created: new Date(5) },
      { type: 'expired', created: new Date(5) },
    ],
    [{ type: 'incomplete', backend: 'dir', key, digest: key }, { type: 'evicted' }],
    [
      { type: 'untrusted', backend: 'dir', key, reason: 'unsigned' },
      { type: 'untrusted', reason: 'unsigned' },
    ],
    [
      { type: 'corrupt', backend: 'dir', key, error: 'x' },
      { type: 'corrupt', error: 'x' },
    ],
    [
      { type: 'unreadable', backend: 'dir', key, reason: 'x' },
      { type: 'unreadable', reason: 'x' },
    ],
  ];

  it.for(events)('explainMiss() names what a cache reported: %o', ([event, cause]) => {
    expect(explainMiss(missed, { earlier: [{ inputs: runInputs() }], events: [event] }).cause).toEqual(cause);
  });

  it('explainMiss() passes over what was reported of other keys', () => {
    const other: CacheEvent = { type: 'expired', backend: 'dir', key: madeKey('b'), created: new Date() };
    expect(explainMiss(missed, { earlier: [], events: [other] }).cause).toEqual({ type: 'first-build' });
  });
});

it('explainMiss() names a cache that could not be asked, unless something changed', () => {
  const degraded = [{ backend: 'registry', error: 'down' }];
  const missed = { key: madeKey('a'), inputs: runInputs() };
  const cause = { type: 'unreachable', backend: 'registry', error: 'down' };
  expect(explainMiss(missed, { earlier: [], degraded }).cause).toEqual(cause);
  expect(explainMiss(missed, { earlier: [{ inputs: runInputs() }], degraded }).cause).toEqual(cause);
  const earlier = [{ inputs: runInputs({ inputs: { user: 'app' } }) }];
  expect(explainMiss(missed, { earlier, degraded }).cause).toMatchObject({ type: 'option', name: 'user' });
});
