import { describe, expect, it } from 'vitest';
import { helpText } from './help.ts';
import { withOptionReference } from './option-reference.ts';
import { optionTable, type WorkspaceOptions } from './option-table.ts';
import { flagOf, type OptionTable, variableOf } from './option.ts';
import { type Environment, optionVariables, readCommandLine } from './read-options.ts';

const read = (env: Environment, argv: readonly string[] = []): WorkspaceOptions => {
  const line = readCommandLine(argv, env);
  if (line.type !== 'run') throw new Error('help was asked for');
  return line.options;
};

/** Every option, a text that it takes, and what that means. */
const SAMPLES: readonly [keyof WorkspaceOptions, string, unknown][] = [
  ['setupScript', 'true', 'true'],
  ['initScript', 'echo hi', 'echo hi'],
  ['initCommand', '/bin/bash', '/bin/bash'],
  ['initArgs', '-c "a b"', '-c "a b"'],
  ['cacheRepo', 'r.example/cache', 'r.example/cache'],
  ['baseImageCacheDir', '/base', '/base'],
  ['layerCacheDir', '/layers', '/layers'],
  ['devcontainerDir', '.dev', '.dev'],
  ['devcontainerJsonPath', 'd.json', 'd.json'],
  ['dockerfilePath', 'Dockerfile', 'Dockerfile'],
  ['buildContextPath', 'sub', 'sub'],
  ['cacheTtlDays', '3', 3],
  ['dockerConfigBase64', 'e30=', 'e30='],
  ['fallbackImage', 'alpine', 'alpine'],
  ['exitOnBuildFailure', '1', true],
  ['exitOnPushFailure', 'TRUE', true],
  ['forceSafe', 'true', true],
  ['insecure', 'true', true],
  ['ignorePaths', '/a,/b', ['/a', '/b']],
  ['buildSecrets', 'A=1,"B=x,y"', ['A=1', 'B=x,y']],
  ['skipRebuild', 'true', true],
  ['gitUrl', 'https://h.example/r.git#main', 'https://h.example/r.git#main'],
  ['gitCloneDepth', '1', 1],
  ['gitCloneSingleBranch', 'true', true],
  ['gitCloneThinpack', 'false', false],
  ['gitCloneSubmodules', 'true', 10],
  ['gitUsername', 'me', 'me'],
  ['gitPassword', 'secret', 'secret'],
  ['gitSshPrivateKeyPath', '/key', '/key'],
  ['gitSshPrivateKeyBase64', 'a2V5', 'a2V5'],
  ['gitHttpProxyUrl', 'http://p.example', 'http://p.example'],
  ['workspaceBaseDir', '/w', '/w'],
  ['workspaceFolder', '/w/f', '/w/f'],
  ['sslCertBase64', 'cGVt', 'cGVt'],
  ['exportEnvFile', '/env', '/env'],
  ['postStartScriptPath', '/post', '/post'],
  ['pushImage', 'true', true],
  ['getCachedImage', 'true', true],
  ['remoteRepoBuildMode', 'true', true],
  ['verbose', 'true', true],
  ['binaryPath', '/x/bin/envbuilder', '/x/bin/envbuilder'],
  ['coderAgentUrl', 'https://coder.example', 'https://coder.example'],
  ['coderAgentToken', 'token', 'token'],
  ['coderAgentSubsystem', 'envbox', ['envbox']],
];
const NEEDED = { ENVBUILDER_CACHE_REPO: 'r.example/c', CODER_AGENT_TOKEN: 't' };

describe('readCommandLine()', () => {
  it('knows a sample for every option', () => {
    expect(SAMPLES.map(([name]) => name)).toEqual(Object.keys(optionTable));
  });

  it.each(SAMPLES)('%s is read from its variable, its legacy variable and both flags', (name, text, value) => {
    const option = optionTable[name];
    const flag = flagOf(option);
    const others = Object.fromEntries(Object.entries(NEEDED).filter(([variable]) => variable !== variableOf(option)));
    expect(read({ ...others, [variableOf(option)]: text })[name]).toEqual(value);
    expect(read({ ...others, [option.name]: text })[name]).toEqual(value);
    expect(read(others, [`--${flag}=${text}`])[name]).toEqual(value);
    expect(read(others, [`--legacy-${flag}=${text}`])[name]).toEqual(value);
    if (!option.isSwitch) expect(read(others, [`--${flag}`, text])[name]).toEqual(value);
  });

  it('takes the flag before the variable, and the variable before its legacy twin', () => {
    const env = { ENVBUILDER_INIT_SCRIPT: 'variable', INIT_SCRIPT: 'legacy' };
    expect(read(env, ['--init-script', 'flag']).initScript).toBe('flag');
    expect(read(env).initScript).toBe('variable');
    expect(read(env, ['--legacy-init-script', 'x']).initScript).toBe('variable');
  });

  it('takes an empty variable for unset', () => {
    expect(read({ ENVBUILDER_GIT_CLONE_THINPACK: '', ENVBUILDER_INIT_COMMAND: '' })).toMatchObject({
      gitCloneThinpack: true,
      initCommand: '/bin/sh',
    });
  });

  it.each([
    [{ ENVBUILDER_PUSH_IMAGE: '1' }, '--cache-repo must be set when using --push-image'],
    [{ ENVBUILDER_PUSH_IMAGE: '1', ENVBUILDER_LAYER_CACHE_DIR: '/l' }, '--cache-repo must be set'],
    [{ ENVBUILDER_GET_CACHED_IMAGE: '1' }, '--cache-repo must be set'],
    [{ ENVBUILDER_BUILD_SECRETS: 'A=1,B' }, 'invalid secret'],
    [{ CODER_AGENT_URL: 'https://c.example' }, 'CODER_AGENT_TOKEN'],
    [{ CODER_AGENT_URL: 'nonsense', CODER_AGENT_TOKEN: 't' }, 'CODER_AGENT_URL is not a URL'],
    [{ ENVBUILDER_GIT_SSH_PRIVATE_KEY_PATH: '/k', ENVBUILDER_GIT_SSH_PRIVATE_KEY_BASE64: 'a' }, 'cannot have both'],
    [{ ENVBUILDER_SKIP_REBUILD: 'maybe' }, 'ENVBUILDER_SKIP_REBUILD takes true or false'],
    [{ ENVBUILDER_INIT_ARGS: '-c "open' }, 'A quote is not closed'],
    [{ ENVBUILDER_GIT_CLONE_DEPTH: 'deep' }, 'ENVBUILDER_GIT_CLONE_DEPTH takes a whole number'],
  ])('refuses %o', (env, message) => {
    expect(() => read(env)).toThrow(message);
  });

  it.each([[['--no-such']], [['clone']], [['--init-script']]])('refuses the arguments %o', (argv) => {
    expect(() => read({}, argv)).toThrow(/unknown flag|needs a value/);
  });
});

describe('helpText()', () => {
  it('begins as scripts match it, and has every option that is not hidden', () => {
    expect(helpText()).toMatch(/^USAGE:\s+envbuilder/);
    expect(readCommandLine(['--help'], {})).toEqual({ type: 'help' });
    for (const option of Object.values(optionTable as OptionTable)) {
      if (option.hidden === true) expect(helpText()).not.toContain(variableOf(option));
      else expect(helpText()).toContain(`--${flagOf(option)} ${option.type}, $${variableOf(option)}`);
    }
  });
});

it('optionVariables() has both names of each option, and nothing of Coder', () => {
  const names = optionVariables();
  expect(['ENVBUILDER_GIT_URL', 'GIT_URL', 'INSECURE', 'VERBOSE'].every((name) => names.has(name))).toBe(true);
  expect([...names].filter((name) => name.startsWith('CODER_'))).toEqual([]);
});

it('withOptionReference() replaces what is between its marks', () => {
  const page = withOptionReference(
    'a\n<!-- begin generated: pnpm --filter shale-envbuilder docs -->stale words<!-- end generated -->\nz',
  );
  expect(page).toMatch(/^a\n/);
  expect(page).toContain('| `ENVBUILDER_CACHE_REPO` | `--cache-repo` | string |');
  expect(page).not.toContain('stale words');
});
