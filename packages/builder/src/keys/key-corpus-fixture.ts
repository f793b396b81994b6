import { chmodSync, chownSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemCalls, hostPath } from '@shale/core/archive';
import type { KeyedBuild } from './key-fixture.ts';

/** One input of a build changed: the keys of these steps change with it, as `<stage>.<index>`, and no other. */
export interface Mutation {
  readonly name: string;
  readonly changes: readonly string[];
  /** What the Dockerfile says instead. */
  readonly text?: readonly [from: string, to: string] | undefined;
  /** What becomes of the context. */
  readonly context?: ((root: string) => void) | undefined;
  readonly build?: Partial<KeyedBuild> | undefined;
}

export interface CorpusBuild extends Partial<KeyedBuild> {
  readonly dockerfile: string;
  /** Contents by name; of a name that ends in `/` a directory. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  readonly mutations: readonly Mutation[];
}

const text = (from: string, to: string, ...changes: string[]): Mutation => ({
  name: `${JSON.stringify(from)} becomes ${JSON.stringify(to)}`,
  text: [from, to],
  changes,
});

const context = (name: string, change: (root: string) => void, ...changes: string[]): Mutation => ({
  name,
  context: change,
  changes,
});

const build = (name: string, change: Partial<KeyedBuild>, ...changes: string[]): Mutation => ({
  name,
  build: change,
  changes,
});

const setXattr = (path: string, name: string, value: string) =>
  fileSystemCalls().setXattr(hostPath(path), name, Buffer.from(value));

/** Every kind of input that a step can have, each changed alone. */
export const corpus: readonly CorpusBuild[] = [
  {
    dockerfile: 'FROM base\nRUN one\nRUN two\nRUN three\n',
    mutations: [text('RUN two', 'RUN too', '0.2', '0.3'), text('RUN two', 'RUN  two --x', '0.2', '0.3')],
  },
  {
    dockerfile: 'FROM base\nRUN one\nRUN two\n',
    mutations: [text('RUN one\nRUN two', 'RUN two\nRUN one', '0.1', '0.2')],
  },
  { dockerfile: 'FROM base\nRUN ["a", "b c"]\n', mutations: [text('"a", "b c"', '"a", "b", "c"', '0.1')] },
  { dockerfile: 'FROM base\nRUN a b\n', mutations: [text('RUN a b', 'RUN ["a", "b"]', '0.1')] },
  {
    dockerfile: 'FROM base\nRUN before\nENV A=1\nRUN after\n',
    mutations: [text('A=1', 'A=2', '0.2'), text('ENV A=1', 'ENV A1=', '0.2')],
  },
  { dockerfile: 'FROM base\nENV A=1 B=2\nRUN x\n', mutations: [text('A=1 B=2', 'A=12 B=', '0.1')] },
  {
    dockerfile: 'FROM base\nRUN before\nARG A=1\nRUN after\n',
    mutations: [text('A=1', 'A=2', '0.2'), build('--build-arg A', { buildArgs: { A: '3' } }, '0.2')],
  },
  {
    dockerfile: 'ARG V=1\nFROM base\nRUN before\nARG V\nRUN after\n',
    mutations: [build('--build-arg of a global ARG', { buildArgs: { V: '2' } }, '0.2')],
  },
  { dockerfile: 'ARG B=base\nFROM ${B}\nRUN x\n', mutations: [text('B=base', 'B=other', '0.1')] },
  {
    dockerfile: 'FROM base\nARG N=x\nCOPY $N.txt /n\nRUN y\n',
    files: { 'x.txt': 'x', 'z.txt': 'z' },
    mutations: [build('an ARG that names a file', { buildArgs: { N: 'z' } }, '0.1', '0.2')],
  },
  {
    dockerfile: 'FROM base\nRUN <<EOF\necho a\nEOF\nRUN y\n',
    mutations: [text('echo a', 'echo b', '0.1', '0.2')],
  },
  { dockerfile: 'FROM base\nRUN <<EOF\n#!/bin/x\nc\nEOF\n', mutations: [text('\nc\n', '\nd\n', '0.1')] },
  { dockerfile: 'FROM base\nRUN cat <<EOF > f\nb\nEOF\n', mutations: [text('\nb\n', '\nc\n', '0.1')] },
  { dockerfile: 'FROM base\nCOPY <<EOF /f\nb\nEOF\n', mutations: [text('\nb\n', '\nc\n', '0.1')] },
  {
    dockerfile: 'FROM base\nENV V=1\nCOPY <<EOF /f\n$V\nEOF\nRUN x\n',
    mutations: [text('V=1', 'V=2', '0.1', '0.2')],
  },
  {
    dockerfile: 'FROM base\nRUN before\nCOPY src /dst/\nRUN after\n',
    files: { 'src/a': 'a', 'src/sub/b': 'b', 'src/empty/': '', 'src/run.sh': 'x', outside: 'o' },
    mutations: [
      context('a byte of a file', (root) => writeFileSync(join(root, 'src/sub/b'), 'c'), '0.2', '0.3'),
      context('a mode', (root) => chmodSync(join(root, 'src/run.sh'), 0o755), '0.2', '0.3'),
      context('a name', (root) => renameSync(join(root, 'src/a'), join(root, 'src/z')), '0.2', '0.3'),
      context('a new file', (root) => writeFileSync(join(root, 'src/new'), ''), '0.2', '0.3'),
      context('a file less', (root) => rmSync(join(root, 'src/a')), '0.2', '0.3'),
      context('an empty directory', (root) => mkdirSync(join(root, 'src/more')), '0.2', '0.3'),
      context('an empty directory less', (root) => rmSync(join(root, 'src/empty'), { recursive: true }), '0.2', '0.3'),
      context('the mode of a directory', (root) => chmodSync(join(root, 'src/sub'), 0o700), '0.2', '0.3'),
      context('an attribute', (root) => setXattr(join(root, 'src/a'), 'user.note', 'x'), '0.2', '0.3'),
      text('/dst/', '/other/', '0.2', '0.3'),
    ],
  },
  {
    dockerfile: 'FROM base\nCOPY links /l/\n',
    files: { 'links/a': 'a', 'links/b': 'a' },
    mutations: [
      context('a file becomes a link', (root) => swap(join(root, 'links/b'), (path) => symlinkSync('a', path)), '0.1'),
      context(
        'a file becomes a second name of another',
        (root) => swap(join(root, 'links/b'), (path) => linkSync(join(root, 'links/a'), path)),
        '0.1',
      ),
    ],
  },
  {
    dockerfile: 'FROM base\nCOPY links /l/\n',
    files: { 'links/a': 'a' },
    prepare: (root) => symlinkSync('a', join(root, 'links/to')),
    mutations: [
      context('the target of a link', (root) => swap(join(root, 'links/to'), (path) => symlinkSync('b', path)), '0.1'),
    ],
  },
  {
    dockerfile: 'FROM base\nCOPY a.txt /x\n',
    files: { 'a.txt': 'same', 'b.txt': 'same' },
    mutations: [text('a.txt', 'b.txt', '0.1')],
  },
  {
    dockerfile: 'FROM base\nCOPY --chown=1:1 a /x\nRUN y\n',
    files: { a: 'a' },
    mutations: [text('--chown=1:1', '--chown=1:2', '0.1', '0.2')],
  },
  {
    dockerfile: 'FROM base\nCOPY --chmod=644 a /x\n',
    files: { a: 'a' },
    mutations: [text('--chmod=644', '--chmod=600', '0.1')],
  },
  {
    dockerfile: 'FROM base\nCOPY --exclude=*.md d /x\n',
    files: { 'd/a': 'a', 'd/b.md': 'b' },
    mutations: [
      text('*.md', '*.txt', '0.1'),
      context('what is not left out', (root) => writeFileSync(join(root, 'd/a'), 'b'), '0.1'),
    ],
  },
  {
    dockerfile: 'FROM base\nCOPY --parents d/a /x/\n',
    files: { 'd/a': 'a' },
    mutations: [text('--parents ', '', '0.1')],
  },
  {
    dockerfile: 'FROM base\nRUN before\nCOPY --link a /x/\nRUN after\n',
    files: { a: 'a' },
    mutations: [
      text('--link ', '', '0.2', '0.3'),
      // a linked copy stands on nothing, and what follows it stands on it
      text('RUN before', 'RUN instead', '0.1'),
    ],
  },
  {
    dockerfile: 'FROM base\nCOPY . /app/\n',
    files: { '.dockerignore': '*.log\n', a: 'a', 'b.log': 'b' },
    mutations: [context('.dockerignore', (root) => writeFileSync(join(root, '.dockerignore'), '*.txt\n'), '0.1')],
  },
  {
    dockerfile: 'FROM base\nCOPY part-*.txt /parts/\n',
    files: { 'part-1.txt': '1', 'part-2.txt': '2' },
    mutations: [context('one more for a wildcard', (root) => writeFileSync(join(root, 'part-3.txt'), '3'), '0.1')],
  },
  {
    dockerfile: 'FROM base\nADD a.tar /x/\n',
    files: { 'a.tar': 'not really' },
    mutations: [text('ADD', 'COPY', '0.1'), text('ADD a.tar', 'ADD --unpack=false a.tar', '0.1')],
  },
  {
    dockerfile: 'FROM base\nRUN before\nUSER 1000\nRUN after\n',
    mutations: [text('USER 1000', 'USER 1000:5', '0.2')],
  },
  { dockerfile: 'FROM base\nUSER 7\nWORKDIR /w\n', mutations: [text('USER 7', 'USER 8', '0.1')] },
  {
    dockerfile: 'FROM base\nRUN before\nSHELL ["/bin/ash", "-c"]\nRUN after\n',
    mutations: [text('-c', '-ec', '0.2')],
  },
  {
    dockerfile: 'FROM base\nWORKDIR /a\nRUN x\n',
    mutations: [text('/a', '/b', '0.1', '0.2'), text('WORKDIR /a', 'RUN mkdir /a', '0.1', '0.2')],
  },
  {
    dockerfile: 'FROM base\nENV D=a\nWORKDIR /$D\nCOPY f .\n',
    files: { f: 'f' },
    mutations: [text('D=a', 'D=b', '0.1', '0.2')],
  },
  {
    dockerfile: 'FROM base\nRUN --mount=type=cache,target=/c x\n',
    mutations: [text('target=/c', 'target=/d', '0.1'), text('target=/c', 'target=/c,uid=5', '0.1')],
  },
  {
    dockerfile: 'FROM base\nRUN --mount=type=secret,id=one x\n',
    mutations: [text('id=one', 'id=two', '0.1'), text('id=one', 'id=one,env=S', '0.1')],
  },
  {
    dockerfile: 'FROM base\nRUN --mount=type=ssh x\n',
    mutations: [text('--mount=type=ssh', '--mount=type=ssh,id=k', '0.1')],
  },
  {
    dockerfile: 'FROM base\nRUN --mount=type=tmpfs,target=/t x\n',
    mutations: [text('target=/t', 'target=/t,size=1m', '0.1')],
  },
  {
    dockerfile: 'FROM base\nRUN --mount=type=bind,source=d,target=/d x\nRUN y\n',
    files: { 'd/a': 'a', e: 'e' },
    mutations: [
      context('a file that is mounted', (root) => writeFileSync(join(root, 'd/a'), 'b'), '0.1', '0.2'),
      context('the owner of one', (root) => chownSync(join(root, 'd/a'), 7, 7), '0.1', '0.2'),
      text('target=/d', 'target=/d,rw', '0.1', '0.2'),
    ],
  },
  { dockerfile: 'FROM base\nRUN --network=none x\n', mutations: [text('--network=none ', '', '0.1')] },
  {
    dockerfile: 'FROM base\nRUN x\n',
    mutations: [
      build('--network none', { network: 'none' }, '0.1'),
      build('the platform', { platform: { os: 'linux', architecture: 'arm64' } }, '0.1'),
      build('the variant of the platform', { platform: { os: 'linux', architecture: 'amd64', variant: 'v3' } }, '0.1'),
      build('SOURCE_DATE_EPOCH', { sourceDateEpoch: 0 }, '0.1'),
    ],
  },
  {
    dockerfile: 'FROM base\nRUN x\nCOPY a /a\n',
    files: { a: 'a' },
    mutations: [
      build('a layer of the base', { images: { base: { layers: ['one', 'three'] } } }, '0.1', '0.2'),
      build('the variables of the base', { images: { base: { config: { Env: ['PATH=/sbin'] } } } }, '0.1', '0.2'),
      build('the user of the base', { images: { base: { config: { User: '5' } } } }, '0.1', '0.2'),
    ],
  },
  {
    dockerfile: 'FROM base\nCOPY a b\n',
    files: { a: 'a' },
    mutations: [build('the directory of the base', { images: { base: { config: { WorkingDir: '/w' } } } }, '0.1')],
  },
  {
    dockerfile: 'FROM base\nRUN own\n',
    images: { base: { config: { OnBuild: ['RUN trigger'] } } },
    mutations: [
      build('a trigger of the base', { images: { base: { config: { OnBuild: ['RUN pull'] } } } }, '0.1', '0.2'),
    ],
  },
  {
    dockerfile:
      'FROM base AS a\nRUN one\nFROM base AS b\nRUN two\nFROM base\nCOPY --from=a /x /x\nCOPY --from=b /y /y\nRUN z\n',
    mutations: [
      text('RUN one', 'RUN eins', '0.1', '2.1', '2.2', '2.3'),
      text('RUN two', 'RUN zwei', '1.1', '2.2', '2.3'),
      text('--from=a /x', '--from=a /w', '2.1', '2.2', '2.3'),
      text('--from=b', '--from=a', '1.1', '2.2', '2.3'), // b is not needed any more
    ],
  },
  {
    dockerfile: 'FROM base AS a\nRUN one\nFROM a\nRUN two\n',
    mutations: [text('RUN one', 'RUN eins', '0.1', '1.1')],
  },
  {
    dockerfile: 'FROM base AS a\nRUN one\nFROM base\nRUN --mount=type=bind,from=a,target=/a two\n',
    mutations: [text('RUN one', 'RUN eins', '0.1', '1.1'), text('from=a,', 'from=a,source=/s,', '1.1')],
  },
  {
    dockerfile: 'FROM base\nCOPY --from=other /x /x\n',
    mutations: [build('the image that is copied from', { images: { other: { layers: ['new'] } } }, '0.1')],
  },
  {
    dockerfile: 'FROM scratch\nCOPY a /\nADD b /\n',
    files: { a: 'a', b: 'b' },
    mutations: [text('FROM scratch', 'FROM base', '0.1', '0.2')],
  },
  {
    dockerfile: 'FROM base AS one\nRUN 1\nFROM base AS two\nRUN 2\n',
    mutations: [build('--target', { target: 'one' }, '0.1', '1.1')],
  },
  { dockerfile: 'FROM base\nRUN x\nLABEL a=b\n', mutations: [text('a=b', 'a=c')] },
  { dockerfile: 'FROM base\nRUN x\nHEALTHCHECK CMD a\n', mutations: [text('CMD a', 'CMD b')] },
  { dockerfile: 'FROM base\nONBUILD RUN a\nRUN x\n', mutations: [text('RUN a', 'RUN b')] },
  { dockerfile: 'FROM base\nCMD ["a"]\nRUN x\n', mutations: [text('"a"', '"b"')] },
  { dockerfile: 'FROM base\nENTRYPOINT ["a"]\nRUN x\n', mutations: [text('"a"', '"b"')] },
  { dockerfile: 'FROM base\nEXPOSE 80\nRUN x\n', mutations: [text('80', '81')] },
  { dockerfile: 'FROM base\nVOLUME /a\nRUN x\n', mutations: [text('/a', '/b')] },
  { dockerfile: 'FROM base\nSTOPSIGNAL 9\nRUN x\n', mutations: [text('9', '15')] },
];

function swap(path: string, make: (path: string) => void): void {
  rmSync(path);
  make(path);
}
