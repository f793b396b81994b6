import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import { insideFolder } from './inside-folder.ts';
import { loadConfiguration, parseConfiguration } from './load-configuration.ts';

const parse = (value: unknown, localEnv: Record<string, string> = {}) =>
  parseConfiguration(JSON.stringify(value, null, 2), '/src/app/.devcontainer/devcontainer.json', {
    workspaceFolder: '/src/app',
    localEnv,
  });

describe('parseConfiguration()', () => {
  it('keeps the text as it is written beside the substituted one', () => {
    const { raw, configuration } = parse({ image: 'debian:${localEnv:TAG:12}' });
    expect([raw.image, configuration.image]).toEqual(['debian:${localEnv:TAG:12}', 'debian:12']);
  });

  it('reports every value that cannot be used, with line and column', () => {
    const wrong = { build: { dockerfile: 1, args: { A: [] } }, mounts: 'x', waitFor: 'never', userEnvProbe: 'bash' };
    expect(() => parse(wrong)).toThrow(
      [
        '.devcontainer/devcontainer.json:3:19: build.dockerfile must be a string',
        '.devcontainer/devcontainer.json:5:12: build.args.A must be a string',
        '.devcontainer/devcontainer.json:8:13: mounts must be an array of mounts',
        '.devcontainer/devcontainer.json:9:14: waitFor must be one of initializeCommand, onCreateCommand, updateContentCommand, postCreateCommand, postStartCommand, postAttachCommand',
        '.devcontainer/devcontainer.json:10:19: userEnvProbe must be one of none, loginShell, interactiveShell, loginInteractiveShell',
      ].join('\n'),
    );
  });

  it.each([
    [{ onCreateCommand: { a: 1 } }, 'onCreateCommand must be a string, an array of strings, or an object of those'],
    [{ forwardPorts: [70000] }, 'forwardPorts.0 must be a port number or "host:port"'],
    [{ hostRequirements: { memory: '8 GB' } }, 'hostRequirements.memory must be a size such as "8gb"'],
    [{ hostRequirements: { gpu: 'maybe' } }, 'hostRequirements.gpu must be true, false, "optional"'],
    [{ features: { a: [] } }, 'features.a must be a string, true, false or an object of options'],
    [{ containerEnv: { A: null } }, 'containerEnv.A must be a string'],
    [{ dockerComposeFile: 'compose.yml' }, 'dockerComposeFile needs service'],
  ])('refuses %j', (value, message) => {
    expect(() => parse(value)).toThrow(message);
  });

  it.each([
    [{ iamge: 'debian' }, 'iamge is not a known property (did you mean image?)'],
    [{ build: { dockerfile: 'D', arg: {} } }, 'build.arg is not a known property (did you mean args?)'],
    [{ hostRequirements: { cpu: 1 } }, 'hostRequirements.cpu is not a known property (did you mean cpus?)'],
    [{ dockerFile: 'D' }, 'dockerFile is the older form of build.dockerfile'],
    [{ image: 'a', build: { dockerfile: 'D' } }, 'image is ignored: build.dockerfile is used'],
    [{ shutdownAction: 'explode' }, 'shutdownAction must be one of none, stopContainer, stopCompose'],
  ])('warns about %j', (value, message) => {
    expect(parse(value).warnings.map((warning) => warning.message)).toContain(message);
  });

  it('takes numbers where strings are meant, and null to unset', () => {
    expect(
      parse({ build: { dockerfile: 'D', args: { N: 18 } }, containerEnv: { P: 1 }, remoteEnv: { X: null } }).warnings,
    ).toEqual([]);
  });

  it('moves extensions, settings and devPort to customizations.vscode', () => {
    const older = {
      extensions: ['b'],
      settings: { s: 1, t: 1 },
      customizations: { vscode: { extensions: ['a'], settings: { s: 2 } } },
    };
    expect(parse(older).configuration).toEqual({
      customizations: { vscode: { extensions: ['a', 'b'], settings: { s: 2, t: 1 } } },
    });
  });

  it('places the workspace at its default, quoted where a comma asks for it', () => {
    expect(parse({}).workspace).toEqual({
      workspaceFolder: '/workspaces/app',
      workspaceMount: 'type=bind,source=/src/app,target=/workspaces/app',
    });
    const options = { workspaceFolder: '/src/a,b/sub', mountedFolder: '/src/a,b', localEnv: {} };
    expect(parseConfiguration('{}', '/x/devcontainer.json', options).workspace).toEqual({
      workspaceFolder: '/workspaces/a,b/sub',
      workspaceMount: 'type=bind,"source=/src/a,b","target=/workspaces/a,b"',
    });
  });

  it('places the workspace where the configuration says', () => {
    expect(parse({ workspaceFolder: '/w/${localWorkspaceFolderBasename}', workspaceMount: '' }).workspace).toEqual({
      workspaceFolder: '/w/app',
      workspaceMount: '',
    });
    expect(parse({ dockerComposeFile: 'c.yml', service: 's' }).workspace).toEqual({ workspaceFolder: '/' });
  });
});

describe('loadConfiguration()', () => {
  it('mounts the root of the git repository that the folder is in', async () => {
    await using scratch = await openScratchDirectory();
    const folder = join(scratch.path, 'packages/app');
    await mkdir(join(scratch.path, '.git'));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, '.devcontainer.json'), '{}');
    const options = { workspaceFolder: folder, localEnv: {} };
    const { workspace } = await loadConfiguration(join(folder, '.devcontainer.json'), options);
    expect(workspace.workspaceMount).toMatch(`source=${scratch.path},target=/workspaces/`);
    expect(workspace.workspaceFolder).toMatch(/\/packages\/app$/);
  });

  it('reads no more than a configuration may have', async () => {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'devcontainer.json');
    await writeFile(path, `{ "name": "${'x'.repeat(10 * 1024 * 1024)}" }`);
    await expect(loadConfiguration(path, { workspaceFolder: scratch.path, localEnv: {} })).rejects.toThrow(
      'has more than 1024 KiB',
    );
  });
});

describe('insideFolder()', () => {
  it('resolves what is inside, there or not, and refuses what leads out', async () => {
    await using scratch = await openScratchDirectory();
    const from = join(scratch.path, '.devcontainer');
    await mkdir(from);
    await symlink('/etc', join(from, 'link'));
    expect(await insideFolder(scratch.path, from, '../Dockerfile')).toBe(join(scratch.path, 'Dockerfile'));
    await expect(insideFolder(scratch.path, from, '../../etc/passwd')).rejects.toThrow('leads out of');
    await expect(insideFolder(scratch.path, from, '/etc/passwd')).rejects.toThrow('leads out of');
    await expect(insideFolder(scratch.path, from, 'link/passwd')).rejects.toThrow('leads out of');
  });
});
