import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SourceInvalidError } from '../source/dockerfile-source.ts';
import { readImageFile } from '../state/image-file.ts';

import { DOCKERFILE, openPlace, StepBrokenError, UploadRefusedError, write } from './place-fixture.ts';

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
