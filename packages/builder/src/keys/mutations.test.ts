import { chmodSync, chownSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corpus } from './key-corpus-fixture.ts';
import { type KeyedBuild, KeyFixture, type KeysByStep } from './key-fixture.ts';

/** What differs, a step that is on one side only included. */
function changedKeys(before: KeysByStep, after: KeysByStep): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).toSorted();
}

const mutations = corpus.flatMap(({ mutations: list, ...build }, index) =>
  list.map((mutation) => ({ title: `Dockerfile ${index + 1}: ${mutation.name}`, build, mutation })),
);

describe('one changed input changes the keys of the steps that see it, and no other', () => {
  it('there are at least 60 of them, over at least 50 Dockerfiles', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(50);
    expect(mutations.length).toBeGreaterThanOrEqual(60);
  });

  it.each(mutations)('$title', async ({ build: { dockerfile, files, prepare, ...options }, mutation }) => {
    using fixture = new KeyFixture();
    const [root, changed] = [fixture.writeContext(files), fixture.writeContext(files)];
    prepare?.(root);
    prepare?.(changed);
    mutation.context?.(changed);
    const [from, to] = mutation.text ?? ['', ''];
    expect(dockerfile).toContain(from);
    const before = await fixture.keys(dockerfile, root, options);
    const after = await fixture.keys(dockerfile.replace(from, to), changed, { ...options, ...mutation.build });
    expect(changedKeys(before, after)).toEqual([...mutation.changes, 'image'].toSorted());
  });
});

const DOCKERFILE = `FROM base AS build
RUN --mount=type=cache,target=/c --mount=type=secret,id=s --mount=type=ssh make
FROM base AS unused
RUN never
FROM base
ARG USED=1
WORKDIR /work
COPY --chmod=755 src ./
COPY one two /two/
COPY --from=build /x /x
RUN <<EOF
echo $USED
EOF
`;
const FILES = { 'src/a': 'a', 'src/sub/b': 'b', one: '1', two: '2', '.dockerignore': 'secret\n', elsewhere: 'e' };

interface Irrelevant {
  readonly name: string;
  readonly text?: (text: string) => string;
  readonly context?: (root: string) => void;
  readonly files?: Readonly<Record<string, string>>;
  readonly build?: Partial<KeyedBuild>;
  /** Changes this process, and returns how to undo that. */
  readonly process?: () => () => void;
}

const setEnv = (name: string, value: string) => () => {
  const before = process.env[name];
  process.env[name] = value;
  return () => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  };
};

function setUmask(): () => void {
  const before = process.umask(0o077);
  return () => void process.umask(before);
}

function comeAndGo(root: string): void {
  writeFileSync(join(root, 'src/t'), '');
  renameSync(join(root, 'src/t'), join(root, 't'));
}

const secrets = (value: string) => new Map([['s', { type: 'value' as const, value: Buffer.from(value) }]]);
const equalBase = { base: { layers: ['one', 'two'], annotation: 'pushed again' } };

const irrelevant: readonly Irrelevant[] = [
  { name: 'the times of files', context: (root) => utimesSync(join(root, 'src/a'), 1, 1) },
  { name: 'the time of a directory', context: (root) => utimesSync(join(root, 'src'), 1, 1) },
  { name: 'the path of the context' },
  { name: 'the order in which files were made', files: Object.fromEntries(Object.entries(FILES).toReversed()) },
  { name: 'the owner of files', context: (root) => chownSync(join(root, 'one'), 1234, 1234) },
  { name: 'modes where --chmod sets them', context: (root) => chmodSync(join(root, 'src/a'), 0o600) },
  { name: 'the mode of the context itself', context: (root) => chmodSync(root, 0o700) },
  { name: 'a file that nothing copies', context: (root) => writeFileSync(join(root, 'elsewhere'), 'f') },
  { name: 'a new file that nothing copies', context: (root) => writeFileSync(join(root, 'new'), 'n') },
  { name: 'a directory that nothing copies', context: (root) => mkdirSync(join(root, 'directory')) },
  { name: 'a file that is ignored', context: (root) => writeFileSync(join(root, 'secret'), 's') },
  { name: 'a file that came and went', context: comeAndGo },
  {
    name: 'a rule of .dockerignore that meets nothing',
    context: (root) => writeFileSync(join(root, '.dockerignore'), 'secret\n*.o\n'),
  },
  { name: 'the umask', process: setUmask },
  { name: 'the locale', process: setEnv('LC_ALL', 'tr_TR.UTF-8') },
  { name: 'the time zone', process: setEnv('TZ', 'Pacific/Kiritimati') },
  { name: 'the host name', process: setEnv('HOSTNAME', 'elsewhere') },
  { name: 'the home directory', process: setEnv('HOME', '/nowhere') },
  { name: 'a comment', text: (text) => `# note\n${text.replace('WORKDIR', '# another\nWORKDIR')}` },
  { name: 'empty lines', text: (text) => text.replaceAll('\nCOPY', '\n\n\nCOPY') },
  { name: 'the case of keywords', text: (text) => text.replaceAll('COPY', 'copy').replace('AS build', 'as build') },
  { name: 'a continued line', text: (text) => text.replace('COPY one two', 'COPY one \\\n  two') },
  {
    name: 'the name of a stage',
    text: (text) => text.replace('AS build', 'AS made').replace('from=build', 'from=made'),
  },
  { name: 'a stage that is not needed', text: (text) => text.replace('RUN never', 'RUN whatever') },
  { name: 'a syntax directive', text: (text) => `# syntax=docker/dockerfile:1\n${text}` },
  { name: 'what a secret holds', build: { secrets: secrets('b') } },
  { name: 'the agent of an ssh mount', build: { ssh: new Map([['default', '/tmp/agent']]) } },
  { name: 'proxies', build: { buildArgs: { http_proxy: 'http://user:password@proxy' } } },
  { name: 'a build argument that nothing declares', build: { buildArgs: { OTHER: '1' } } },
  { name: 'a build argument that equals its default', build: { buildArgs: { USED: '1' } } },
  { name: 'the manifest of a base with the same layers', build: { images: equalBase } },
];

describe('what no step sees changes no key', () => {
  it('there are at least 20 of these', () => expect(irrelevant.length).toBeGreaterThanOrEqual(20));

  it.each(irrelevant)('$name', async ({ text, context, files = FILES, build, process: enter }) => {
    using fixture = new KeyFixture();
    const before = await fixture.keys(DOCKERFILE, fixture.writeContext(FILES), { secrets: secrets('a') });
    const root = fixture.writeContext(files);
    context?.(root);
    const undo = enter?.();
    try {
      const changed = text?.(DOCKERFILE) ?? DOCKERFILE;
      const after = await fixture.keys(changed, root, { secrets: secrets('a'), ...build });
      expect(changedKeys(before, after)).toEqual([]);
    } finally {
      undo?.();
    }
  });
});
