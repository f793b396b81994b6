import { join } from 'node:path';
import { openLayout } from '@shale/registry';
import { makeImage } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProgram, type ProgramFixture } from './program-fixture.ts';

let program: ProgramFixture;
beforeAll(async () => {
  program = await openProgram();
});
afterAll(() => program[Symbol.asyncDispose]());

const run: ProgramFixture['run'] = (...call) => program.run(...call);

const BAD = 'FROM scratch AS Base\nWORKDIR app\nMAINTAINER me\nENTRYPOINT run \\\n  --fast\n';

describe('shale check', () => {
  it('shows each finding with its lines, and exits 0', async () => {
    const { stdout, error, status } = await run(['check'], { files: { Dockerfile: BAD } });
    await expect(stdout).toMatchFileSnapshot('fixtures/check.txt');
    expect({ error, status }).toEqual({ error: '', status: 0 });
  });

  it('writes the document that BuildKit writes', async () => {
    const { stdout, status } = await run(['check', '--format', 'json', '.'], { files: { Dockerfile: BAD } });
    await expect(stdout).toMatchFileSnapshot('fixtures/check.json');
    expect(status).toBe(0);
  });

  it('says so when there is nothing to say', async () => {
    const { stdout } = await run(['check'], { files: { Dockerfile: 'FROM scratch\nCOPY . /\n' } });
    expect(stdout).toBe('Check complete, no warnings found.\n');
  });

  it('exits 1 where the file or a build argument calls findings errors', async () => {
    const files = { Dockerfile: `# check=error=true;skip=WorkdirRelativePath,MaintainerDeprecated\n${BAD}` };
    const { stdout, error, status } = await run(['check'], { files });
    expect(stdout).toContain('ERROR: StageNameCasing');
    expect(error).toMatch(/^error: lint violation found for rules: StageNameCasing, JSONArgsRecommended\nhint: /);
    expect(status).toBe(1);
    const strict = await run(['check', '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=error=true'], {
      files: { Dockerfile: BAD },
    });
    expect(strict.status).toBe(1);
  });

  it('finds nothing where all is skipped', async () => {
    const { stdout, status } = await run(['check'], { files: { Dockerfile: `# check=skip=all;error=true\n${BAD}` } });
    expect({ stdout, status }).toEqual({ stdout: 'Check complete, no warnings found.\n', status: 0 });
  });

  it('reads the Dockerfile that -f names, and stdin', async () => {
    const named = await run(['check', '-f', 'docker/app.Dockerfile'], { files: { 'docker/app.Dockerfile': BAD } });
    expect(named.stdout).toContain('docker/app.Dockerfile:2\n');
    const alone = await run(['check', 'docker/app.Dockerfile'], { files: { 'docker/app.Dockerfile': BAD } });
    expect(alone).toEqual(named);
    expect((await run(['check', '-'], { stdin: BAD })).stdout).toContain('Dockerfile:2\n');
    expect((await run(['check', '-f', '-', '.'], { stdin: BAD })).stdout).toContain('Dockerfile:2\n');
  });

  it('looks at what the target needs, as a build does', async () => {
    const files = { Dockerfile: 'FROM scratch AS Unneeded\nFROM scratch AS last\n' };
    expect((await run(['check'], { files })).stdout).toBe('Check complete, no warnings found.\n');
    expect((await run(['check', '--target', 'unneeded'], { files })).stdout).toContain("Stage name 'Unneeded'");
  });

  it('knows the ignore file, build arguments and images that are here', async () => {
    const layout = join(program.scratch, 'layout');
    await makeImage(await openLayout(layout), {
      layers: [],
      tag: 'latest',
      config: { Env: ['FROM_BASE=1'] },
      architecture: 's390x',
    });
    const files = {
      Dockerfile: 'ARG TAG\nFROM base:$TAG\nENV A=$FROM_BASE B=$FROM_BSE\nCOPY secret.txt /\n',
      '.dockerignore': 'secret.txt\n',
    };
    const flags = ['--build-arg', 'TAG=1', '--build-context', `base:1=oci-layout://${layout}`];
    const { stdout } = await run(['check', ...flags, '.'], { files });
    expect(stdout.match(/^WARNING: \w+/gm)).toEqual([
      'WARNING: InvalidBaseImagePlatform',
      'WARNING: InvalidDefaultArgInFrom',
      'WARNING: UndefinedVar',
      'WARNING: CopyIgnoredFile',
    ]);
    expect(stdout).toContain("Usage of undefined variable '$FROM_BSE' (did you mean $FROM_BASE?)");
  });

  it('shows what a build would fail with, after what was found before', async () => {
    const files = { Dockerfile: 'FROM nowhere.example/never AS Base\nCOPY --from=5 a b\n' };
    const { stdout, error, status } = await run(['check'], { files });
    expect(stdout).toContain('WARNING: StageNameCasing');
    expect(error).toContain(' 2 | >>> COPY --from=5 a b');
    expect(status).toBe(1);
  });

  it.each([
    [
      'FROM scratch\nRUNN x\n',
      'Dockerfile:2: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)',
    ],
    ['FROM scratch\nUSER ${A\n', 'Dockerfile:2: failed to process "${A": syntax error: missing \'}\''],
    ['# check=skip\nFROM scratch\n', 'Dockerfile:1: dockerfile parse error on line 1: invalid check option "skip"'],
    ['', 'Dockerfile: the Dockerfile cannot be empty'],
  ])('refuses %j with a place', async (dockerfile, message) => {
    const { stdout, error, status } = await run(['check', '--format=json'], { files: { Dockerfile: dockerfile } });
    expect(error.split('\n')[0]).toBe(`error: ${message}`);
    expect(error).not.toContain('fault in shale');
    expect(JSON.parse(stdout)).toMatchObject({ warnings: [], buildError: { message: expect.any(String) } });
    expect(status).toBe(1);
  });

  it('is what shale build --check does', async () => {
    const { stdout, status } = await run(['build', '--check', '-t', 'x', '.'], { files: { Dockerfile: BAD } });
    await expect(stdout).toMatchFileSnapshot('fixtures/check.txt');
    expect(status).toBe(0);
  });

  it('is what docker calls it, too', async () => {
    const files = { Dockerfile: BAD };
    const { stdout } = await run(['build', '--call=check,format=json', '.'], { files });
    await expect(stdout).toMatchFileSnapshot('fixtures/check.json');
    const refused = await run(['build', '--call', 'outline', '.'], { files });
    expect(refused).toMatchObject({ status: 2, error: expect.stringContaining('--call takes build, check') });
  });
});
