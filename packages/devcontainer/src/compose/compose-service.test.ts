import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { afterAll, describe, expect, it } from 'vitest';
import { composeService } from './compose-service.ts';

const scratch = await openScratchDirectory();
afterAll(() => scratch[Symbol.asyncDispose]());
let count = 0;

/** Reads `app` of `compose.yml`, or of the files that are named. */
async function read(files: Readonly<Record<string, string>>, names = ['compose.yml'], environment = {}) {
  const workspaceFolder = join(scratch.path, String(count++));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspaceFolder, name)), { recursive: true });
    await writeFile(join(workspaceFolder, name), text);
  }
  const paths = names.map((name) => join(workspaceFolder, name));
  const service = await composeService({ files: paths, service: 'app', environment, workspaceFolder });
  return JSON.parse(JSON.stringify(service).replaceAll(workspaceFolder, '/w')) as typeof service;
}

// how files merge and variables are replaced is compared with docker-compose in tooling/devcontainer
describe('composeService()', () => {
  it('reads the service, and names what it leaves out', async () => {
    const service = await read({
      'compose.yml': `
services:
  app: { image: debian, user: '1000', working_dir: /w, command: [sleep, 1], volumes: ['.:/w'], depends_on: [db], x-mine: 1 }
  db: { image: postgres }`,
    });
    expect(service).toMatchObject({ image: 'debian', user: '1000', workingDir: '/w', command: ['sleep', '1'] });
    expect(service.warnings).toEqual([
      'Only the service app becomes a dev container, without db',
      'services.app has keys that are ignored: volumes',
    ]);
  });

  it('resolves what is built beside the first file, and what is extended beside the other file', async () => {
    const service = await read(
      {
        'one/compose.yml': 'services: { app: { build: . } }',
        'two/over.yml': 'services: { app: { build: { context: ./x, dockerfile: ../D, target: t, args: { N: 1 } } } }',
        'three/base.yml': 'services: { base: { build: ./y } }',
        'extending.yml': 'services: { app: { extends: { service: base, file: three/base.yml }, environment: [A] } }',
      },
      ['one/compose.yml', 'two/over.yml'],
    );
    expect(service.build).toEqual({
      context: '/w/one/x',
      dockerfile: { path: '/w/one/D' },
      args: { N: '1' },
      cacheFrom: [],
      target: 't',
    });
    const extending = await read(
      {
        'three/base.yml': 'services: { base: { build: ./y } }',
        'compose.yml': 'services: { app: { extends: { service: base, file: three/base.yml }, environment: [A, B] } }',
      },
      ['compose.yml'],
      { A: 'a' },
    );
    expect(extending).toMatchObject({ build: { context: '/w/three/y' }, environment: { A: 'a' } });
    expect(extending.environment).not.toHaveProperty('B');
  });

  it('reads .env beside the file, below the environment', async () => {
    const files = { 'compose.yml': 'services: { app: { image: "$A-$B" } }', '.env': 'A=file\nB="two words"\n# C=1\n' };
    expect((await read(files, undefined, { A: 'machine' })).image).toBe('machine-two words');
  });

  it.each([
    ['services: { ap: { image: x } }', 'compose.yml:1: There is no service "app" (did you mean ap?)'],
    ['services:\n  app: {}', 'compose.yml:2: services.app has neither image nor build'],
    ['services:\n  app:\n    image: [x]', 'compose.yml:3: services.app.image must be a text'],
    [
      'services:\n  app:\n    image: "${X:?set X}"',
      'services.app.image cannot be used. The variable X is needed: set X',
    ],
    [
      'services:\n  app:\n    image: x\n    environment: 1',
      'compose.yml:4: services.app.environment must be a mapping',
    ],
    ['services: { app: { extends: app } }', 'services.app extends itself'],
    ['services: { app: { extends: gone } }', 'services.app extends gone, which is not in'],
    ['services: { app: { build: https://example.test/x.git } }', 'must build from a folder here, not from a URL'],
    ['services: [', 'compose.yml:1: '],
    ['version: "3"', 'The file has no services'],
    [
      `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(10)}]\nc: &c [${'*b,'.repeat(10)}]\nservices: { d: [${'*c,'.repeat(10)}] }`,
      'Excessive alias count',
    ],
  ])('refuses %s: %s', async (text, message) => {
    await expect(read({ 'compose.yml': text })).rejects.toThrow(message);
  });

  it('reads nothing outside of the workspace', async () => {
    await expect(read({ 'compose.yml': 'services: { app: { build: ../.. } }' })).rejects.toThrow('leads out of');
    await expect(read({ x: '' }, ['../compose.yml'])).rejects.toThrow('leads out of');
    await expect(read({ x: '' }, ['gone.yml'])).rejects.toThrow('There is no such compose file');
  });
});
