import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ShaleError } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import type { ImagePlan } from '../images/images.ts';
import { type Environment, readCommandLine } from '../options/read-options.ts';
import type { ReplaceRootOptions } from '../session/root-replacement.ts';
import type { WorkspaceHost } from '../session/workspace-host.ts';
import { workspaceFolder } from '../session/workspace-run.ts';
import type { BuildSource } from '../source/build-source.ts';
import { dockerfileSource, SourceInvalidError } from '../source/dockerfile-source.ts';
import { readImageFile, type StartConfig } from '../state/image-file.ts';
import { workspacePaths } from '../state/workspace-paths.ts';
import { probeWorkspace } from './probe-workspace.ts';
import { runWorkspace } from './run-workspace.ts';

class StepBrokenError extends ShaleError {
  readonly code = 'STEP_FAILED';
}

class UploadRefusedError extends ShaleError {
  readonly code = 'PUSH_REFUSED';
}

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n';
const GROUP = 'root:x:0:\napp:x:1000:\ndocker:x:998:app\n';

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function gitRepository(path: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) write(join(path, name), text);
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  execFileSync('git', ['init', '-q', '-b', 'trunk'], { cwd: path });
  execFileSync('git', ['add', '.'], { cwd: path });
  execFileSync('git', [...identity, 'commit', '-qm', 'x'], { cwd: path });
}

/** A container's root in a scratch directory, and builds that are only noted. */
async function openPlace() {
  const scratch = await openScratchDirectory();
  const at = (...names: string[]) => join(scratch.path, ...names);
  const root = at('root');
  const repository = at('app');
  const paths = workspacePaths(at('root/.envbuilder'));
  mkdirSync(paths.directory, { recursive: true });
  gitRepository(repository, { Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'a', 'sub/.dockerignore': 'x\n' });
  const lines: string[] = [];
  const plans: ImagePlan[] = [];
  const replaced: ReplaceRootOptions[] = [];
  const pushed: string[] = [];
  const start: { config: StartConfig; failure?: Error; pushFailure?: Error } = {
    config: { user: 'app', env: ['PATH=/image/bin', 'FROM_IMAGE=1'] },
  };
  const run = async (env: Environment, { sources = [dockerfileSource] as readonly BuildSource[] } = {}) => {
    const line = readCommandLine([], {
      ENVBUILDER_GIT_URL: repository,
      ENVBUILDER_WORKSPACE_FOLDER: at('root/ws'),
      ...env,
    });
    if (line.type !== 'run') throw new Error('unexpected');
    const host: WorkspaceHost = {
      version: '1.2.3',
      env,
      log: (level, text) => lines.push(`${level}: ${text}`),
      git: { path: 'git', env: { PATH: process.env['PATH'] ?? '' } },
      root,
      paths,
      sources,
      images: {
        async build(plan) {
          plans.push(plan);
          if (start.failure !== undefined && plan.dockerfile.name !== 'fallback image') throw start.failure;
          return {
            start: start.config,
            digest: 'sha256:0',
            async openTree() {
              const path = at(`tree-${plans.length}`);
              write(join(path, 'etc/passwd'), PASSWD);
              write(join(path, 'etc/group'), GROUP);
              write(join(path, 'etc/environment'), 'FROM_ETC="quoted value"\nFROM_IMAGE=etc\n');
              write(join(path, 'home/app/file'), 'x');
              return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true, force: true }) };
            },
          };
        },
        async push() {
          if (start.pushFailure !== undefined) throw start.pushFailure;
          pushed.push('r.example/c@sha256:1');
          return 'r.example/c@sha256:1';
        },
        async probe(plan) {
          plans.push(plan);
          return 'r.example/c@sha256:1';
        },
      },
      rootReplacement: {
        async replaceRoot(request) {
          replaced.push(request);
          cpSync(request.tree, root, { recursive: true });
        },
      },
    };
    return line.options.getCachedImage ? probeWorkspace(line.options, host) : runWorkspace(line.options, host);
  };
  const text = () => lines.join('\n');
  const dispose = () => scratch[Symbol.asyncDispose]();
  return {
    at,
    root,
    paths,
    repository,
    lines,
    text,
    plans,
    replaced,
    pushed,
    start,
    run,
    [Symbol.asyncDispose]: dispose,
  };
}

const DOCKERFILE = { ENVBUILDER_DOCKERFILE_PATH: 'Dockerfile' };

describe('runWorkspace()', () => {
  it('clones, builds, replaces the root, and gives init the image with its user, groups, home and environment', async () => {
    await using place = await openPlace();
    const handover = await place.run({ ...DOCKERFILE, ENVBUILDER_IGNORE_PATHS: '/kept', HOSTNAME: 'h' });
    expect(handover).toEqual({
      command: '/bin/sh',
      args: ['-c', 'sleep infinity'],
      directory: place.at('root/ws'),
      user: expect.objectContaining({ uid: 1000, gid: 1000, groups: [1000, 998] }),
      env: {
        ENVBUILDER: 'true',
        FROM_ETC: 'quoted value',
        FROM_IMAGE: '1',
        HOME: '/home/app',
        HOSTNAME: 'h',
        PATH: '/image/bin',
      },
    });
    expect(place.plans[0]).toMatchObject({ contextDirectory: place.at('root/ws'), dockerfile: { name: 'Dockerfile' } });
    expect(place.replaced[0]?.keep).toEqual([place.paths.directory, place.at('root/ws'), '/etc/resolv.conf', '/kept']);
    expect(place.text()).toMatch(/#1: 📦 Cloning .*\n(.*\n)*.*#1: 📦 Cloned repository! \[/);
    expect(place.text()).toContain('#2: 🏗️ Built image! [');
    expect(place.lines.at(-1)).toBe('info: === Running init command as user "app": ["/bin/sh" "-c" "sleep infinity"]');
    expect(statSync(place.at('root/ws/a')).uid).toBe(1000);
    expect(statSync(place.at('root/home/app/file')).uid).toBe(1000);
    expect(existsSync(place.paths.built)).toBe(true);
  });

  it('builds again on restart without SKIP_REBUILD; with it hands over as before, offline', async () => {
    await using place = await openPlace();
    const first = await place.run(DOCKERFILE);
    const again = await place.run(DOCKERFILE);
    expect(again).toEqual(first);
    expect(place.plans).toHaveLength(2);
    expect(place.text()).toContain('📦 The repository already exists!');
    const skipped = await place.run({ ...DOCKERFILE, ENVBUILDER_SKIP_REBUILD: '1' });
    expect(skipped).toEqual(first);
    expect(place.plans).toHaveLength(2);
    expect(place.text()).toContain('Skipping build because of cache');
  });

  it('resumes in a container of a pushed image as after a build', async () => {
    await using place = await openPlace();
    const first = await place.run(DOCKERFILE);
    rmSync(place.paths.built);
    writeFileSync(place.paths.image, readFileSync(place.paths.builtConfig));
    expect(readImageFile(place.paths.image)).toEqual(place.start.config);
    expect(await place.run({ ...DOCKERFILE, FROM_IMAGE: 'runtime' })).toEqual(first);
    expect(place.plans).toHaveLength(1);
  });

  it('walks a home once, not on each start', async () => {
    await using place = await openPlace();
    await place.run(DOCKERFILE);
    write(place.at('root/home/app/roots'), 'x');
    await place.run({ ...DOCKERFILE, ENVBUILDER_SKIP_REBUILD: '1' });
    expect(statSync(place.at('root/home/app/roots')).uid).toBe(0);
    chownSync(place.at('root/home/app'), 0, 0);
    await place.run({ ...DOCKERFILE, ENVBUILDER_SKIP_REBUILD: '1' });
    expect(statSync(place.at('root/home/app/roots')).uid).toBe(1000);
  });

  it('takes the context that is asked for, and the ignore file there', async () => {
    await using place = await openPlace();
    await place.run({ ...DOCKERFILE, ENVBUILDER_BUILD_CONTEXT_PATH: 'sub' });
    expect(place.plans[0]).toMatchObject({ contextDirectory: place.at('root/ws/sub'), ignore: ['x'] });
  });

  it('builds from a second clone in remote repo build mode', async () => {
    await using place = await openPlace();
    await place.run(DOCKERFILE);
    write(place.at('root/ws/Dockerfile'), 'FROM edited\n');
    await place.run({ ...DOCKERFILE, ENVBUILDER_REMOTE_REPO_BUILD_MODE: '1' });
    expect(place.plans[1]).toMatchObject({
      contextDirectory: place.paths.remoteRepository,
      dockerfile: { text: expect.stringContaining('FROM scratch') },
    });
  });

  it('clones as the options say', async () => {
    await using place = await openPlace();
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
    for (const args of [
      ['branch', 'other'],
      [...identity, 'commit', '-q', '--allow-empty', '-m', 'y'],
    ])
      execFileSync('git', args, { cwd: place.repository });
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'safe.directory=*', ...args], { cwd: place.at('root/ws'), encoding: 'utf8' }).trim();
    await place.run({
      ...DOCKERFILE,
      ENVBUILDER_GIT_URL: `file://${place.repository}#trunk`,
      ENVBUILDER_GIT_CLONE_DEPTH: '1',
      ENVBUILDER_GIT_CLONE_SINGLE_BRANCH: 'true',
    });
    expect(git('rev-list', '--count', 'HEAD')).toBe('1');
    expect(git('branch', '-r')).not.toContain('origin/other');
    rmSync(place.at('root/ws'), { recursive: true });
    await place.run(DOCKERFILE);
    expect(git('rev-list', '--count', 'HEAD')).toBe('2');
    expect(git('branch', '-r')).toContain('origin/other');
  });

  it('pushes when asked; a failed push is an error only when asked', async () => {
    await using place = await openPlace();
    const push = { ...DOCKERFILE, ENVBUILDER_PUSH_IMAGE: '1', ENVBUILDER_CACHE_REPO: 'r.example/c' };
    await place.run(push);
    expect(place.pushed).toHaveLength(1);
    place.start.pushFailure = new UploadRefusedError('no');
    await place.run(push);
    expect(place.text()).toContain('⚠️️ Failed to push image! do push: failed to push to destination r.example/c: no');
    await expect(place.run({ ...push, ENVBUILDER_EXIT_ON_PUSH_FAILURE: '1' })).rejects.toThrow(
      /^do push: failed to push/,
    );
  });

  it.each([
    ['a failing step', DOCKERFILE, 'error building stage: broken'],
    ['a missing Dockerfile', { ENVBUILDER_DOCKERFILE_PATH: 'nope' }, 'no Dockerfile or devcontainer.json found'],
    ['nothing to build', {}, 'no Dockerfile or devcontainer.json found'],
    ['a failed clone', { ...DOCKERFILE, ENVBUILDER_GIT_URL: '/nonexistent' }, '/nonexistent'],
  ])('starts the fallback image after %s, and without one says so', async (_, env, message) => {
    await using place = await openPlace();
    place.start.failure = new StepBrokenError('broken');
    await expect(place.run(env)).rejects.toThrow(/no fallback image has been specified$/);
    const handover = await place.run({ ...env, ENVBUILDER_FALLBACK_IMAGE: 'debian:12' });
    expect(place.plans.at(-1)?.dockerfile.text).toBe('FROM docker.io/library/debian:12\n');
    expect(handover).toMatchObject({ env: { SHALE_FALLBACK_REASON: expect.stringContaining(message) } });
    expect(readFileSync(place.paths.fallbackReason, 'utf8')).toContain(message);
    expect(place.text()).toContain('Falling back to the default image...');
  });

  it('fails with EXIT_ON_BUILD_FAILURE, whatever the fallback image', async () => {
    await using place = await openPlace();
    place.start.failure = new StepBrokenError('broken');
    const env = { ...DOCKERFILE, ENVBUILDER_FALLBACK_IMAGE: 'debian', ENVBUILDER_EXIT_ON_BUILD_FAILURE: '1' };
    await expect(place.run(env)).rejects.toThrow(/^error building stage: broken$/);
    place.start.failure = new SourceInvalidError('The build context /c cannot be read');
    await expect(place.run(env)).rejects.toThrow(/^The build context \/c cannot be read$/);
  });

  it('refuses another KANIKO_DIR, unless forced', async () => {
    await using place = await openPlace();
    const env = { ...DOCKERFILE, KANIKO_DIR: '/kaniko' };
    await expect(place.run(env)).rejects.toThrow('delete filesystem: safety check failed');
    expect(await place.run({ ...env, ENVBUILDER_FORCE_SAFE: '1' })).toBeDefined();
  });

  it('says what becomes of a docker config', async () => {
    await using place = await openPlace();
    write(place.paths.dockerConfig, '{}');
    await place.run({ ...DOCKERFILE, ENVBUILDER_DOCKER_CONFIG_BASE64: 'e30=' });
    expect(place.text()).toContain('this file will remain after the build');
    expect(place.text()).toContain('Set DOCKER_CONFIG to');
    expect(existsSync(join(place.paths.directory, '.docker'))).toBe(false);
  });

  it('says which options have no effect, and that a dev container is not built', async () => {
    await using place = await openPlace();
    write(place.at('root/ws/.devcontainer/devcontainer.json'), '{}');
    const env = {
      ENVBUILDER_DEVCONTAINER_DIR: 'a',
      ENVBUILDER_DEVCONTAINER_JSON_PATH: 'b',
      ENVBUILDER_POST_START_SCRIPT_PATH: '/c',
      ENVBUILDER_BUILD_CONTEXT_PATH: 'd',
      ENVBUILDER_GIT_CLONE_THINPACK: 'false',
    };
    await expect(place.run(env)).rejects.toThrow(
      'no Dockerfile or devcontainer.json found: .devcontainer/devcontainer.json is there, and dev containers are not built yet: no fallback',
    );
    for (const name of ['DEVCONTAINER_DIR', 'DEVCONTAINER_JSON_PATH', 'POST_START_SCRIPT_PATH', 'BUILD_CONTEXT_PATH'])
      expect(place.text()).toContain(`ENVBUILDER_${name} has no effect`);
    expect(place.text()).toContain('GIT_CLONE_THINPACK=false changes nothing');
  });

  it('warns of two caches', async () => {
    await using place = await openPlace();
    await place.run({ ...DOCKERFILE, ENVBUILDER_CACHE_REPO: 'r.example/c', ENVBUILDER_LAYER_CACHE_DIR: '/l' });
    expect(place.text()).toContain('Overriding cache repo with local registry...');
    expect(place.replaced[0]?.keep).toContain('/l');
  });

  it('keeps the credentials of a URL from the build, and gives them to the user', async () => {
    await using place = await openPlace();
    const url = 'https://me:secret@h.example/app.git';
    write(place.at('root/ws/.git/config'), `[remote "origin"]\n\turl = https://h.example/app.git\n`);
    const { keepUrlCredentials } = await import('@shale/workspace');
    keepUrlCredentials(place.at('root/ws'), url);
    expect(readFileSync(place.at('root/ws/.git/config'), 'utf8')).toContain(`url = ${url}\n`);
  });

  it('exports the environment of the image', async () => {
    await using place = await openPlace();
    const file = place.at('export/env');
    await place.run({ ...DOCKERFILE, ENVBUILDER_EXPORT_ENV_FILE: file, HOSTNAME: 'h' });
    expect(readFileSync(file, 'utf8')).toBe('ENVBUILDER=true\nFROM_IMAGE=1\nPATH=/image/bin\n');
  });

  it('adds itself to the subsystems that Coder is told of', async () => {
    await using place = await openPlace();
    const env = { CODER_AGENT_URL: 'https://c.example', CODER_AGENT_TOKEN: 't', CODER_AGENT_SUBSYSTEM: 'envbox' };
    expect(await place.run({ ...DOCKERFILE, ...env })).toMatchObject({
      env: { CODER_AGENT_SUBSYSTEM: 'envbox,envbuilder', CODER_AGENT_TOKEN: 't' },
    });
  });

  it.each([
    ['42:43', { uid: 42, gid: 43, groups: [43], home: '/' }],
    ['', { uid: 0, gid: 0, groups: [0], home: '/root' }],
  ])('takes the user %j', async (user, expected) => {
    await using place = await openPlace();
    place.start.config = { user, env: [] };
    const handover = await place.run(DOCKERFILE);
    expect(handover).toMatchObject({ user: expected, env: { HOME: expected.home } });
  });

  it('fails for a user that the image does not have', async () => {
    await using place = await openPlace();
    place.start.config = { user: 'nobody-here', env: [] };
    await expect(place.run(DOCKERFILE)).rejects.toThrow('update user');
  });
});

describe('runWorkspace() and init', () => {
  it('takes command, script and arguments', async () => {
    await using place = await openPlace();
    const script = await place.run({ ...DOCKERFILE, ENVBUILDER_INIT_SCRIPT: 'echo hi' });
    expect(script).toMatchObject({ args: ['-c', 'echo hi'] });
    const args = { ENVBUILDER_INIT_COMMAND: '/usr/bin/env', ENVBUILDER_INIT_ARGS: `A=1 "b c"` };
    expect(await place.run({ ...DOCKERFILE, ...args })).toMatchObject({
      command: '/usr/bin/env',
      args: ['A=1', 'b c'],
    });
    await expect(place.run({ ...DOCKERFILE, ENVBUILDER_INIT_COMMAND: '/no/such' })).rejects.toThrow(
      '/no/such cannot be run',
    );
  });

  it('runs the setup script as root, which may change what init is', async () => {
    await using place = await openPlace();
    place.start.config = { user: 'app', env: [] };
    const script = [
      'echo "I am $(id -un) in $PWD for $TARGET_USER with $HOME"; echo oops >&2',
      'echo "ENVBUILDER_INIT_COMMAND=/usr/bin/env" >> $ENVBUILDER_ENV',
      `echo "INIT_ARGS='x y' z" >> $ENVBUILDER_ENV`,
      'echo TARGET_USER=root >> "$ENVBUILDER_ENV"; echo no equals sign >> "$ENVBUILDER_ENV"',
    ].join('\n');
    const handover = await place.run({ ...DOCKERFILE, ENVBUILDER_SETUP_SCRIPT: script });
    expect(handover).toMatchObject({
      command: '/usr/bin/env',
      args: ['x y', 'z'],
      user: { uid: 0 },
      env: { HOME: '/root' },
    });
    expect(handover).not.toMatchObject({ env: { ENVBUILDER_ENV: expect.anything() } });
    expect(place.lines).toContain(`info: I am root in ${place.at('root/ws')} for app with /root`);
    expect(place.lines).toContain('error: oops');
  });

  it('empties the arguments when the setup script sets the command alone', async () => {
    await using place = await openPlace();
    const script = 'echo INIT_COMMAND=/usr/bin/env >> $ENVBUILDER_ENV';
    expect(await place.run({ ...DOCKERFILE, ENVBUILDER_SETUP_SCRIPT: script })).toMatchObject({ args: [] });
  });

  it.each([
    ['echo NONSENSE=1 >> $ENVBUILDER_ENV', 'unknown environ key "NONSENSE"'],
    ['exit 3', 'run setup script: it ended with 3'],
  ])('fails for the setup script %j', async (script, message) => {
    await using place = await openPlace();
    await expect(place.run({ ...DOCKERFILE, ENVBUILDER_SETUP_SCRIPT: script })).rejects.toThrow(message);
  });

  it('runs what a source wants to be run, and goes on when that fails', async () => {
    await using place = await openPlace();
    const seen: unknown[] = [];
    const source: BuildSource = {
      name: 'test',
      async find({ options, repository }) {
        const found = await dockerfileSource.find({ options, repository });
        if (found === undefined) return undefined;
        const run = async ({ isFirstStart, env }: { isFirstStart: boolean; env: Readonly<Record<string, string>> }) => {
          seen.push([isFirstStart, env['FROM_SOURCE'], env['HOME']]);
          throw new Error('hook broke');
        };
        return { ...found, user: 'root', environment: { FROM_SOURCE: '1' }, lifecycle: { run } };
      },
    };
    const handover = await place.run(DOCKERFILE, { sources: [source] });
    await place.run({ ...DOCKERFILE, ENVBUILDER_SKIP_REBUILD: '1' }, { sources: [source] });
    expect(seen).toEqual([
      [true, '1', '/root'],
      [false, '1', '/root'],
    ]);
    expect(handover).toMatchObject({ user: { uid: 0 }, env: { FROM_SOURCE: '1' } });
    expect(place.text()).toContain('Lifecycle commands: hook broke');
  });
});

describe('workspaceFolder()', () => {
  it.each([
    [{}, '/workspaces/empty'],
    [{ ENVBUILDER_GIT_URL: 'https://h.example/a/b.git/#x' }, '/workspaces/b'],
    [{ ENVBUILDER_GIT_URL: 'git@h.example:b.git', ENVBUILDER_WORKSPACE_BASE_DIR: '/w' }, '/w/b'],
    [{ ENVBUILDER_GIT_URL: 'https://h.example/b', ENVBUILDER_WORKSPACE_FOLDER: '/f' }, '/f'],
  ])('of %o is %s', (env, folder) => {
    const line = readCommandLine([], env);
    expect(line.type === 'run' && workspaceFolder(line.options)).toBe(folder);
  });
});

describe('probeWorkspace()', () => {
  it('clones only for itself, and gives the image', async () => {
    await using place = await openPlace();
    const env = { ...DOCKERFILE, ENVBUILDER_GET_CACHED_IMAGE: '1', ENVBUILDER_CACHE_REPO: 'r.example/c' };
    expect(await place.run(env)).toBe('r.example/c@sha256:1');
    expect(await place.run(env)).toBe('r.example/c@sha256:1');
    expect(existsSync(place.at('root/ws'))).toBe(false);
    expect(place.replaced).toEqual([]);
    await expect(place.run({ ...env, ENVBUILDER_DOCKERFILE_PATH: 'no' })).rejects.toThrow(
      'no Dockerfile or devcontainer.json found',
    );
  });
});
