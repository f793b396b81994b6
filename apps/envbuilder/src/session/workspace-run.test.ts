import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../options/read-options.ts';
import { workspaceFolder } from './workspace-run.ts';

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
