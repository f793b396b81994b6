import { describe, expect, it } from 'vitest';
import { parseEtcEnvironment } from '@shale/workspace';
import { splitShellWords } from '../options/shell-words.ts';
import { formatEnvFile, initEnvironment } from './init-environment.ts';

describe('splitShellWords()', () => {
  it.each([
    ['', []],
    ['  a  b ', ['a', 'b']],
    [`-c "echo \\"x\\" '$HOME'" 'it''s'`, ['-c', `echo "x" '$HOME'`, 'its']],
    ['a\\ b "" c', ['a b', '', 'c']],
  ])('%j', (text, words) => {
    expect(splitShellWords(text)).toEqual(words);
  });

  it('refuses a quote that is not closed', () => {
    expect(() => splitShellWords(`a "b`)).toThrow('not closed');
  });
});

it('parseEtcEnvironment() takes quotes, exports and comments as PAM does', () => {
  const text = `# comment\nPATH="/usr/bin:/bin"\nexport A='b c'\nB=plain # note\nC=a"b\nnonsense\n`;
  expect(parseEtcEnvironment(text)).toEqual({ PATH: '/usr/bin:/bin', A: 'b c', B: 'plain', C: 'a"b' });
});

describe('initEnvironment()', () => {
  const base = { ownDirectory: '/.envbuilder', etcEnvironment: {}, image: [], added: {} };

  it('puts /etc/environment over the process, the image over that, and what is added over all', () => {
    const { all, exported } = initEnvironment({
      ...base,
      process: { A: 'process', B: 'process', C: 'process', D: 'process', HOSTNAME: 'h' },
      etcEnvironment: { B: 'etc', C: 'etc', D: 'etc' },
      image: ['C=image', 'D=image', 'E=x=y'],
      added: { D: 'added' },
    });
    expect(all).toMatchObject({ A: 'process', B: 'etc', C: 'image', D: 'added', E: 'x=y', HOSTNAME: 'h' });
    expect(Object.keys(all)).toEqual(Object.keys(all).toSorted());
    expect(exported).toEqual({ C: 'image', D: 'added', E: 'x=y', ENVBUILDER: 'true' });
  });

  it('has no option, prefixed or not, nor anything of ours; Coder stays', () => {
    const process = {
      ENVBUILDER_GIT_PASSWORD: 'x',
      ENVBUILDER_UNKNOWN: 'x',
      GIT_URL: 'x',
      INSECURE: 'x',
      VERBOSE: 'x',
      KANIKO_DIR: '/.envbuilder',
      PATH: '/.envbuilder/bin',
      LD_LIBRARY_PATH: '/.envbuilder/lib',
      NODE_OPTIONS: '--require=/.envbuilder/x.js',
      CODER_AGENT_TOKEN: 't',
      GIT_AUTHOR_NAME: 'me',
      NODE_ENV: 'development',
    };
    expect(initEnvironment({ ...base, process }).all).toEqual({
      CODER_AGENT_TOKEN: 't',
      ENVBUILDER: 'true',
      GIT_AUTHOR_NAME: 'me',
      NODE_ENV: 'development',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    });
  });
});

it('formatEnvFile() keeps a value of several lines on one', () => {
  expect(formatEnvFile({ A: 'b c', M: 'x\ny' })).toBe('A=b c\nM="x\\ny"\n');
});
