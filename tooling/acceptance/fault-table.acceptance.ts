import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FaultRule, faultProxy, startRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BuildRun, openWorkbench, type Workbench } from '../e2e/workbench.ts';
import { requireCommand } from '../src/command.ts';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';
import { requireShale } from '../src/shale.ts';
import { workspaceRoot } from '../src/workspace.ts';

/** What a degraded cache may cost a build. */
const MAX_ADDED_S = 5;
const ATTEMPTS = 2;
const DOCKERFILE = `FROM busybox
RUN dd if=/dev/urandom of=/large bs=1M count=4
COPY a.txt /a
RUN echo one > /one
RUN echo two > /two
RUN echo three > /three
`;

interface Row {
  readonly cache: 'registry' | 'directory' | 'both';
  readonly fault: string;
  readonly exitCode: number;
  /** Beside the same build without a cache. */
  readonly secondsAdded: number;
  readonly message: string;
  readonly withCacheRequired: { readonly exitCode: number; readonly message: string };
}

/** A cache as a build is told of it, broken. */
interface BrokenCache extends Partial<AsyncDisposable> {
  readonly flags: readonly string[];
  readonly wrapper?: readonly string[] | undefined;
}

const rows: Row[] = [];
let bench: Workbench;
let context: string;
let states = 0;
beforeAll(async () => {
  await ensurePackages(packagesFor.acceptance);
  bench = await openWorkbench();
  context = await bench.writeContext({ Dockerfile: DOCKERFILE, 'a.txt': 'a' });
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  const path = join(workspaceRoot, 'tooling/acceptance/fault-table.json');
  if (rows.length > cases.length) writeFileSync(path, `${JSON.stringify(rows, undefined, 2)}\n`);
});

const freshState = () => join(bench.scratch, `state-${(states += 1)}`);
const build = (flags: readonly string[], wrapper?: readonly string[]) =>
  bench.build({ context, flags, state: freshState(), wrapper });

async function registryWith(rules: readonly FaultRule[]): Promise<BrokenCache> {
  const registry = await startRegistry();
  const proxy = await faultProxy(registry.url, rules);
  return {
    flags: ['--cache-repo', `${proxy.host}/cache`],
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

const answering = (status: number, headers: Readonly<Record<string, string>> = {}, nth?: number[]) =>
  registryWith([{ nth, fault: { respond: { status, headers } } }]);

async function refused(): Promise<BrokenCache> {
  const registry = await startRegistry();
  await registry[Symbol.asyncDispose]();
  return { flags: ['--cache-repo', `${registry.host}/cache`] };
}

/** Runs a command line in a mount namespace of its own, with something mounted first. */
const mounted = (script: string) => [
  'unshare',
  '--mount',
  '--propagation',
  'private',
  'sh',
  '-c',
  `${script} && exec "$@"`,
  'sh',
];

async function fullRegistryDisk(): Promise<BrokenCache> {
  const storage = join(bench.scratch, `storage-${(states += 1)}`);
  await mkdir(storage);
  await requireCommand(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', storage]);
  const registry = await startRegistry({ storage });
  return {
    flags: ['--cache-repo', `${registry.host}/cache`],
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await requireCommand(['umount', storage]);
    },
  };
}

async function readOnlyRegistry(): Promise<BrokenCache> {
  const registry = await startRegistry({ readOnly: true });
  return {
    flags: ['--cache-repo', `${registry.host}/cache`],
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

async function corruptRegistry(): Promise<BrokenCache> {
  const storage = join(bench.scratch, `storage-${(states += 1)}`);
  const registry = await startRegistry({ storage });
  const flags = ['--cache-repo', `${registry.host}/cache`];
  await bench.requireBuild({ context, flags, state: freshState() });
  for (const path of blobFiles(storage)) if (readFileSync(path, 'latin1').includes('dev.shale')) corrupt(path);
  return { flags, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

const blobFiles = (storage: string) =>
  readdirSync(join(storage, 'docker/registry/v2/blobs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('/data'))
    .map((name) => join(storage, 'docker/registry/v2/blobs', name));

function corrupt(path: string): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.byteLength >> 1) ^ 1, bytes.byteLength >> 1);
  writeFileSync(path, bytes);
}

async function cacheDirectory(): Promise<string> {
  const root = join(bench.scratch, `layers-${(states += 1)}`);
  await mkdir(root);
  return root;
}

async function fullDirectory(): Promise<BrokenCache> {
  const root = await cacheDirectory();
  return { flags: ['--layer-cache-dir', root], wrapper: mounted(`mount -t tmpfs -o size=1m none '${root}'`) };
}

async function readOnlyDirectory(): Promise<BrokenCache> {
  const root = await cacheDirectory();
  return {
    flags: ['--layer-cache-dir', root],
    wrapper: mounted(`mount --bind '${root}' '${root}' && mount -o remount,ro,bind '${root}'`),
  };
}

async function corruptDirectory(): Promise<BrokenCache> {
  const root = await cacheDirectory();
  const flags = ['--layer-cache-dir', root];
  await bench.requireBuild({ context, flags, state: freshState() });
  const records = readdirSync(join(root, 'v1'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /[0-9a-f]{64}$/.test(name),
  );
  for (const name of records) corrupt(join(root, 'v1', name));
  return { flags };
}

async function noDirectory(): Promise<BrokenCache> {
  const root = join(bench.scratch, `file-${(states += 1)}`);
  await writeFile(root, 'a file');
  return { flags: ['--layer-cache-dir', root] };
}

/** `passes`: the cache can still be read, or is mended, so that `--cache-required` has nothing to complain of. */
type Case = readonly [
  cache: Row['cache'],
  fault: string,
  open: () => Promise<BrokenCache>,
  reason: RegExp,
  required: 'fails' | 'passes',
];

const cases: readonly Case[] = [
  ['registry', 'connection refused', refused, /connection refused/, 'fails'],
  [
    'registry',
    'slow: no answer',
    () => registryWith([{ fault: { delayMs: 60_000 } }]),
    /did not answer within/,
    'fails',
  ],
  [
    'registry',
    'slow: no answer to writes',
    () => registryWith([{ method: 'POST', fault: { delayMs: 60_000 } }]),
    /silent/,
    'fails',
  ],
  ['registry', '401', () => answering(401, { 'www-authenticate': 'Basic realm="cache"' }), /401 Unauthorized/, 'fails'],
  ['registry', '403', () => answering(403), /403 Forbidden/, 'fails'],
  ['registry', '429', () => answering(429), /429 Too Many Requests/, 'fails'],
  [
    'registry',
    '429, come back in an hour',
    () => answering(429, { 'retry-after': '3600' }),
    /429 Too Many Requests/,
    'fails',
  ],
  ['registry', '500', () => answering(500), /500 Internal Server Error/, 'fails'],
  [
    'registry',
    '503 for writes',
    () => registryWith([{ method: 'POST', fault: { respond: { status: 503 } } }]),
    /503 Service Unavailable/,
    'fails',
  ],
  [
    'registry',
    'DNS failure',
    async () => ({ flags: ['--cache-repo', 'cache.invalid/cache'] }),
    /looked up|no host of this name/,
    'fails',
  ],
  ['registry', 'ENOSPC at the registry', fullRegistryDisk, /500 Internal Server Error|no space/, 'fails'],
  ['registry', 'read-only', readOnlyRegistry, /read-only/, 'fails'],
  ['registry', 'corrupt records', corruptRegistry, /Damaged/, 'passes'],
  ['directory', 'ENOSPC', fullDirectory, /[Nn]o space/, 'fails'],
  ['directory', 'EROFS', readOnlyDirectory, /read-only/, 'passes'],
  ['directory', 'corrupt records', corruptDirectory, /Damaged/, 'passes'],
  ['directory', 'not a directory', noDirectory, /ENOTDIR|EEXIST|not a directory/, 'fails'],
];

it.each(cases.map((one) => [one[0], one[1], one] as const))(
  '%s cache, %s',
  async (cache, fault, [, , open, reason, required]) => {
    const broken = await open();
    try {
      const run = await build(broken.flags, broken.wrapper);
      const secondsAdded = await leastAdded(run, broken);
      const [message = '', ...more] = warnings(run);
      const insisting = await build([...(await reopened(broken, open)).flags, '--cache-required'], broken.wrapper);
      rows.push({
        cache,
        fault,
        exitCode: run.status,
        secondsAdded,
        message: withoutPlaces(message),
        withCacheRequired: { exitCode: insisting.status, message: withoutPlaces(errorOf(insisting)) },
      });
      console.log(JSON.stringify(rows.at(-1)));
      expect([run.status, more]).toEqual([0, []]);
      expect(message).toMatch(reason);
      expect(secondsAdded).toBeLessThanOrEqual(MAX_ADDED_S);
      if (required === 'passes') expect(insisting.status).toBe(0);
      else expect(insisting.status).not.toBe(0);
    } finally {
      await broken[Symbol.asyncDispose]?.();
    }
  },
);

/** Beside a build without a cache, in seconds: the quickest of each, as others may use this machine. */
async function leastAdded(run: BuildRun, { flags, wrapper }: BrokenCache): Promise<number> {
  const plain = [await build([])];
  const broken = [run];
  while (plain.length < ATTEMPTS) {
    broken.push(await build(flags, wrapper));
    plain.push(await build([]));
  }
  const quickest = (runs: readonly BuildRun[]) => Math.min(...runs.map(({ durationMs }) => durationMs));
  return Math.round(Math.max(0, quickest(broken) - quickest(plain)) / 100) / 10;
}

/** What a build heals is broken anew for the next one. */
async function reopened(broken: BrokenCache, open: () => Promise<BrokenCache>): Promise<BrokenCache> {
  return open === corruptDirectory ? open() : broken;
}

function warnings({ output }: BuildRun): string[] {
  return eventsOf(output).flatMap(({ type, error, message, backend }) => {
    if (type === 'cache.degraded') return [`The ${backend} cache is passed over: ${error?.message}`];
    return type === 'warning' ? [message ?? ''] : [];
  });
}

function errorOf({ output }: BuildRun): string {
  return output.split('\n').find((line) => line.startsWith('error:')) ?? '';
}

interface ReportedEvent {
  readonly type: string;
  readonly backend?: string;
  readonly message?: string;
  readonly error?: { readonly message: string };
}

const eventsOf = (output: string) =>
  output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as ReportedEvent] : []));

/** The table is kept: nothing of this machine belongs into it. */
function withoutPlaces(text: string): string {
  return text
    .replaceAll(bench.scratch, '<scratch>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<registry>')
    .replaceAll(/[0-9a-f]{64}/g, '<hex>')
    .replaceAll(/-\d+\b/g, '');
}

it('--offline makes no network call', async () => {
  const warmed = join(bench.scratch, 'warmed');
  await requireShale(['warm', '--cache-dir', warmed, '--registry-mirror', bench.base.url, '--image', 'busybox']);
  const trace = join(bench.scratch, 'trace');
  const wrapper = ['strace', '-f', '-qq', '--seccomp-bpf', '-e', 'trace=connect,sendto,sendmsg', '-o', trace];
  const registry = await refused();
  const flags = [...registry.flags, '--base-image-cache-dir', warmed, '--offline'];
  const run = await bench.requireBuild({ context, flags, state: freshState(), wrapper, mirror: 'http://127.0.0.1:1' });
  const calls = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /AF_INET/.test(line));
  console.log(`--offline: ${calls.length} network calls, ${run.ran.length} steps run`);
  expect(calls).toEqual([]);
  rows.push({
    cache: 'both',
    fault: '--offline',
    exitCode: run.status,
    secondsAdded: 0,
    message: '',
    withCacheRequired: { exitCode: 0, message: '' },
  });
});
