import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
let registry: TestRegistry;
let context: string;
beforeAll(async () => {
  bench = await openWorkbench([]);
  registry = await startRegistry();
  context = await bench.writeContext({ Dockerfile: 'FROM scratch\nCOPY file /\nWORKDIR /app\n', file: 'text\n' });
  for (const name of ['old', 'new', 'stranger']) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    await writeFile(key(name), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await writeFile(half(name), publicKey.export({ type: 'spki', format: 'pem' }));
  }
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

const key = (name: string) => join(bench.scratch, `${name}.pem`);
const half = (name: string) => join(bench.scratch, `${name}.pub`);

let machines = 0;
/** Builds on a new machine. @returns how many of the two steps ran, and the warnings */
async function build(repository: string, ...flags: readonly string[]) {
  const state = join(bench.scratch, `machine-${++machines}`);
  const cache = ['--cache-repo', `${registry.host}/${repository}`];
  const { ran, warnings } = await bench.requireBuild({ context, state, flags: [...cache, ...flags] });
  return { ran: ran.length, warnings };
}

const ALL = 2;
const sign = (name: string) => ['--cache-sign-key', key(name)];
const trust = (...names: readonly string[]) => names.flatMap((name) => ['--cache-trust-key', half(name)]);

it('uses entries of trusted signers only, and takes two keys while they change', async () => {
  expect(await build('signed', ...sign('stranger'))).toEqual({ ran: ALL, warnings: [] });
  const refused = { ran: ALL, warnings: ['cache-untrusted'] };
  expect(await build('signed', ...trust('old'))).toEqual(refused);
  expect(await build('signed', ...trust('old'), ...sign('old'))).toEqual(refused);
  expect(await build('signed', ...trust('old'))).toEqual({ ran: 0, warnings: [] });
  expect(await build('signed', ...trust('new', 'old'))).toEqual({ ran: 0, warnings: [] });
  expect(await build('signed', ...trust('new'))).toEqual(refused); // the old key was revoked
  expect(await build('signed')).toEqual({ ran: 0, warnings: [] }); // without a required signature all entries count
});

it('reads from the own scope, then from trusted ones, and never back', async () => {
  const scope = (name: string) => ['--cache-scope', name];
  expect((await build('scoped', ...scope('pr/12'))).ran).toBe(ALL);
  expect((await build('scoped', ...scope('pr/12'))).ran).toBe(0);
  expect((await build('scoped', ...scope('main'), '--cache-readonly')).ran).toBe(ALL);
  expect((await build('scoped', '--cache-readonly')).ran).toBe(ALL);
  expect((await build('scoped', ...scope('main'), '--cache-trusted-scope', 'pr/12')).ran).toBe(0);
  expect((await build('scoped')).ran).toBe(ALL);
  expect((await build('scoped', ...scope('pr/13'), '--cache-trusted-scope', '')).ran).toBe(0);
});
