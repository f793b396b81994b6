import { describe, expect, it } from 'vitest';
import { describeAddress, parseRepositoryAddress, repositoryName } from './repository-address.ts';

describe('parseRepositoryAddress()', () => {
  it.each([
    ['https://h.example/a/b.git', 'http', 'https://h.example/a/b.git', undefined],
    ['  https://h.example/a/b#refs/heads/x ', 'http', 'https://h.example/a/b', 'refs/heads/x'],
    ['https://h.example/a/b#', 'http', 'https://h.example/a/b', undefined],
    ['ssh://git@h.example:22/a.git#v1', 'ssh', 'ssh://git@h.example:22/a.git', 'v1'],
    ['git+ssh://git@h.example/a.git', 'ssh', 'ssh://git@h.example/a.git', undefined],
    ['git@h.example:a/b.git#main', 'ssh', 'git@h.example:a/b.git', 'main'],
    ['host.tld:12345/repo', 'ssh', 'host.tld:12345/repo', undefined],
    ['git@ssh.dev.azure.com:v3/org/project/repo', 'ssh', 'git@ssh.dev.azure.com:v3/org/project/repo', undefined],
    ['git://h.example/a', 'git', 'git://h.example/a', undefined],
    ['file:///srv/a.git', 'file', 'file:///srv/a.git', undefined],
    ['/srv/a.git#dev', 'file', '/srv/a.git', 'dev'],
    ['./a', 'file', './a', undefined],
  ] as const)('%s', (text, transport, url, ref) => {
    expect(parseRepositoryAddress(text)).toMatchObject({ transport, url, ref });
  });

  it('takes user and password out of a web address, and keeps what was written', () => {
    expect(parseRepositoryAddress('https://me%40x:p%3Ass@h.example:8443/a.git#x')).toMatchObject({
      url: 'https://h.example:8443/a.git',
      origin: 'https://h.example:8443',
      username: 'me@x',
      password: 'p:ss',
      written: 'https://me%40x:p%3Ass@h.example:8443/a.git',
    });
  });

  it('describes an address without its password', () => {
    expect(describeAddress(parseRepositoryAddress('https://me:secret@h.example/a'))).toBe('https://h.example/a');
  });
});

describe('repositoryName()', () => {
  it.each([
    ['https://h.example/a/b.git', 'b'],
    ['https://h.example/a/b.git/#refs/heads/x', 'b'],
    ['https://h.example/a/b?version=1', 'b'],
    ['https://dev.azure.com/org/My%20Project/_git/repo', 'repo'],
    ['git@h.example:team/tool.git', 'tool'],
    ['git@h.example:tool', 'tool'],
    ['host.tld:12345/repo', 'repo'],
    ['/srv/x.git/', 'x'],
    ['https://h.example', 'empty'],
    ['', 'empty'],
    ['bad-value', 'empty'],
    [undefined, 'empty'],
  ])('of %s is %s', (url, name) => {
    expect(repositoryName(url)).toBe(name);
  });
});
