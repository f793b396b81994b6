import { describe, expect, it } from 'vitest';
import { parseSecrets, parseSshAgents } from './secrets.ts';

const place = { env: { TOKEN: 't', SSH_AUTH_SOCK: '/run/agent' }, cwd: '/work' };
const value = (text: string) => ({ type: 'value', value: Buffer.from(text) });

describe('parseSecrets()', () => {
  it('takes files, variables and values', () => {
    const secret = [
      'id=a,src=dir/file',
      'id=b,env=TOKEN',
      'id=TOKEN',
      'id=c',
      'id=d,type=env,src=TOKEN',
      'type=file,id=TOKEN2,source=/x',
    ];
    expect(Object.fromEntries(parseSecrets({ secret, buildSecrets: ['E=1=2'] }, place))).toEqual({
      a: { type: 'file', path: '/work/dir/file' },
      b: value('t'),
      TOKEN: value('t'),
      c: { type: 'file', path: '/work/c' },
      d: value('t'),
      TOKEN2: { type: 'file', path: '/x' },
      E: value('1=2'),
    });
  });

  it('refuses what has no id or no value, and never shows a value', () => {
    const parse = (secret: readonly string[], buildSecrets: readonly string[] = []) =>
      parseSecrets({ secret, buildSecrets }, place);
    expect(() => parse(['src=x'])).toThrow('--secret needs an id');
    expect(() => parse(['id=a,env=UNSET'])).toThrow('--secret takes its value from UNSET, which is not set');
    expect(() => parse(['idd=a'])).toThrow(expect.objectContaining({ hint: 'Did you mean id?' }));
    expect(() => parse([], ['hunter2'])).toThrow(expect.not.stringContaining('hunter2'));
  });
});

describe('parseSshAgents()', () => {
  it('takes the running agent, or a socket', () => {
    expect(Object.fromEntries(parseSshAgents(['default', 'ci=sock'], place))).toEqual({
      default: '/run/agent',
      ci: '/work/sock',
    });
    expect(() => parseSshAgents(['default'], { ...place, env: {} })).toThrow('no agent is running');
  });
});
