import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { openScratchDirectory } from '@shale/core/files';
import { startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import type { Environment } from './options/read-options.ts';
import { runProgram } from './program.ts';
import { workspacePaths } from './state/workspace-paths.ts';

async function openPlace() {
  const scratch = await openScratchDirectory();
  const at = (...names: string[]) => join(scratch.path, ...names);
  const repository = at('app');
  mkdirSync(at('program/bin'), { recursive: true });
  mkdirSync(repository);
  writeFileSync(at('program/bin/envbuilder'), 'program');
  writeFileSync(join(repository, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  for (const args of [
    ['init', '-q'],
    ['add', '.'],
    [...identity, 'commit', '-qm', 'x'],
  ])
    execFileSync('git', args, { cwd: repository });
  const written = { out: '', log: '' };
  const run = (env: Environment, argv: readonly string[] = []) =>
    runProgram(argv, {
      env: {
        PATH: process.env['PATH'],
        ENVBUILDER_GIT_URL: repository,
        ENVBUILDER_DOCKERFILE_PATH: 'Dockerfile',
        ENVBUILDER_WORKSPACE_FOLDER: at('ws'),
        ENVBUILDER_BINARY_PATH: at('program/bin/envbuilder'),
        ...env,
      },
      writeOut: (text) => (written.out += text),
      writeLog: (text) => (written.log += text),
      isTerminal: false,
      paths: workspacePaths(at('.envbuilder')),
      // never the real one: these tests may run in a container themselves
      rootReplacement: { replaceRoot: () => Promise.reject(new Error('not in this test')) },
    });
  return { at, repository, written, run, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

it('prints help', async () => {
  await using place = await openPlace();
  expect(await place.run({}, ['--help'])).toEqual({ type: 'done' });
  expect(place.written.out).toMatch(/^USAGE:\s+envbuilder/);
});

it('probes with nothing but its line on stdout', async () => {
  await using place = await openPlace();
  await using registry = await startRegistry();
  const cache = { ENVBUILDER_CACHE_REPO: `${registry.host}/cache` };
  const probe = { ...cache, ENVBUILDER_GET_CACHED_IMAGE: 'true' };
  await expect(place.run(probe)).rejects.toThrow(/uncached.*command.*is not supported in cache probe mode/);
  expect(place.written.out).toBe('');
  await expect(place.run({ ...cache, ENVBUILDER_PUSH_IMAGE: 'true' })).rejects.toThrow('not in this test');
  expect(await place.run(probe)).toEqual({ type: 'done' });
  expect(place.written.out).toMatch(
    new RegExp(`^ENVBUILDER_CACHED_IMAGE=${registry.host}/cache@sha256:[0-9a-f]{64}\n$`),
  );
});

it('sends its log to Coder, without secrets', async () => {
  await using place = await openPlace();
  const lines: string[] = [];
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') return response.end('{}');
    const { logs = [] } = (await json(request)) as { logs?: { output: string }[] };
    lines.push(...logs.map(({ output }) => output));
    return response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const env = {
    CODER_AGENT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    CODER_AGENT_TOKEN: 'agent-token-word',
    ENVBUILDER_DOCKERFILE_PATH: 'secret-word/Dockerfile',
    ENVBUILDER_GIT_PASSWORD: 'secret-word',
  };
  await expect(place.run(env)).rejects.toThrow('no Dockerfile or devcontainer.json found');
  const text = lines.join('\n');
  expect(text).toContain('#1: 📦 Cloned repository!');
  expect(text).toMatch(/error: no Dockerfile or devcontainer.json found: there is no .*\/\*\*\*\/Dockerfile/);
  expect(text).not.toContain('secret-word');
  server.closeAllConnections();
  server.close();
});

it('shows debug lines with VERBOSE only', async () => {
  for (const verbose of ['true', '']) {
    await using place = await openPlace();
    await expect(place.run({ ENVBUILDER_VERBOSE: verbose })).rejects.toThrow('not in this test');
    expect(place.written.log.includes('Steps run by')).toBe(verbose === 'true');
  }
});
