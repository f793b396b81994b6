import { describe, expect, it } from 'vitest';
import { isGitSource, parseGitSource } from './git-source.ts';

describe('parseGitSource()', () => {
  it.each([
    ['https://h/r.git', { url: 'https://h/r.git', ref: 'HEAD', directory: '' }],
    ['https://h/r.git#v1.0', { ref: 'v1.0', directory: '' }],
    ['https://h/r.git#feature/ünï+1:a/b', { ref: 'feature/ünï+1', directory: 'a/b' }],
    ['https://h/r.git#:sub', { ref: 'HEAD', directory: 'sub' }],
    ['https://h/r.git#refs/pull/7/head', { ref: 'refs/pull/7/head' }],
    ['ssh://git@h:22/r.git#main', { url: 'ssh://git@h:22/r.git', ref: 'main' }],
    ['git@h.example:team/r.git#main:x', { url: 'git@h.example:team/r.git', ref: 'main', directory: 'x' }],
    ['https://h/r.git?branch=main&subdir=a', { url: 'https://h/r.git', ref: 'refs/heads/main', directory: 'a' }],
    ['https://h/r.git?tag=v1&keep-git-dir=true', { ref: 'refs/tags/v1', keepGitDirectory: true }],
    ['https://h/r.git?ref=main&checksum=0123456', { ref: 'main', checksum: '0123456' }],
    ['https://h/r.git?commit=0123456789', { ref: 'HEAD', checksum: '0123456789' }],
  ])('reads %s', (text, expected) => {
    expect(parseGitSource(text)).toMatchObject(expected);
  });

  it.each([
    'ext::sh -c touch% /tmp/x',
    'ext::sh',
    'file:///etc',
    '/etc',
    '../repository',
    'https://h/r.git#-upload-pack=x',
    'https://h/r.git#--help',
    'https://h/r.git#a..b',
    'https://h/r.git#a@{1}',
    'https://h/r.git#+main',
    'https://h/r.git#main*',
    'https://h/r.git#x.lock',
    'https://h/r.git#main:../../etc',
    'https://h/r.git#main:a/../../b',
    'https://h/r.git?subdir=../x',
    'https://h/r.git\n-x',
    'https://h/r.git#main\nx',
    'https://h/r.git#main\0',
    'https://h/r .git',
    'https://-oProxyCommand=x/r.git',
    'ssh://-oProxyCommand=x/r.git',
    '-oProxyCommand=x@h:r',
    'git@-oProxyCommand=x:r',
    'git@h:-x',
    'https://h/r.git?what=x',
    'https://h/r.git?ref=a&tag=b',
    'https://h/r.git?ref=a#b',
    'https://h/r.git?keep-git-dir=perhaps',
    'https://h/r.git?checksum=main',
  ])('refuses %j', (text) => {
    expect(() => parseGitSource(text)).toThrow(expect.objectContaining({ code: 'GIT_FAILED' }));
  });

  it('keeps a password out of its message', () => {
    const act = () => parseGitSource('https://user:hunter2@h/r.git#a..b');
    expect(act).toThrow('Not a git source: https://h/r.git#a..b: the ref is malformed');
  });
});

describe('isGitSource()', () => {
  it('takes a web address for a repository when its path ends in .git', () => {
    const yes = ['git://h/r', 'ssh://h/r', 'git@h:r', 'https://h/r.git', 'http://h/r.git#x', 'https://h/r.git?ref=x'];
    const no = ['https://h/r', 'https://h/r.git.tar', 'https://h/x?y=r.git', 'dir/r.git', './git@h:r', 'a:b', 'r.git'];
    expect(yes.filter((source) => !isGitSource(source))).toEqual([]);
    expect(no.filter((source) => isGitSource(source))).toEqual([]);
  });
});
