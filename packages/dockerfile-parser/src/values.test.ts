import { describe, expect, it } from 'vitest';
import { parseChmod } from './chmod.ts';
import { cleanPath } from './clean-path.ts';
import { excerpt } from './dockerfile-error.ts';
import { parseDuration } from './duration.ts';
import { parseExposePorts } from './expose-port.ts';
import { parseOwner } from './owner.ts';
import { parseSignal } from './stop-signal.ts';
import { suggest } from './suggest.ts';

const refusal = (message: string) => expect.objectContaining({ name: 'DockerfileError', message });

describe('chmod', () => {
  it.each([
    ['755', 0o600, false, 0o755],
    ['0', 0o777, false, 0],
    ['07777', 0, false, 0o7777],
    ['u=rwX,go=rX', 0o600, true, 0o755],
    ['u=rwX,go=rX', 0o600, false, 0o644],
    ['u=rwX,go=rX', 0o700, false, 0o755],
    ['+x', 0o640, false, 0o751],
    ['a-w', 0o777, false, 0o555],
    ['u+s', 0o755, false, 0o4755],
    ['g+s,+t', 0o755, true, 0o3755],
    ['o=g', 0o750, false, 0o755],
    ['g=u-w', 0o700, false, 0o750],
    ['=r', 0o4777, false, 0o444],
    ['u=rwx', 0o4700, true, 0o4700],
    ['ug=', 0o777, false, 0o007],
  ])('parseChmod(%j) changes %i (directory: %s) to %i', (text, mode, isDirectory, expected) => {
    expect(parseChmod(text)(mode, isDirectory)).toBe(expected);
  });

  it.each(['', '8', '10000', '77777777', 'x', 'u', 'u=rwz', 'u=rw,', '-1', 'u=gr'])(
    'parseChmod() refuses %j',
    (text) => {
      expect(() => parseChmod(text)).toThrow(
        refusal(`invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`),
      );
    },
  );
});

describe('owner', () => {
  it.each([
    ['app', { user: 'app', group: undefined }],
    ['1000', { user: 1000, group: undefined }],
    ['app:0', { user: 'app', group: 0 }],
    ['0:adm', { user: 0, group: 'adm' }],
    ['app:', { user: 'app', group: undefined }],
    ['4294967295:12', { user: 4_294_967_295, group: 12 }],
  ])('parseOwner() reads %j', (text, expected) => {
    expect(parseOwner(text)).toEqual(expected);
  });

  it.each(['', ':g', 'a:b:c', '4294967296'])('parseOwner() refuses %j', (text) => {
    expect(() => parseOwner(text)).toThrow(/^invalid owner/);
  });
});

describe('ports', () => {
  it.each([
    [['80'], ['80/tcp']],
    [
      ['8080', '443/udp', '80/TCP'],
      ['443/udp', '80/tcp', '8080/tcp'],
    ],
    [
      ['8000-8002/sctp', '8001/sctp'],
      ['8000/sctp', '8001/sctp', '8002/sctp'],
    ],
    [
      ['127.0.0.1:80:90', '[::1]:1:2', '5000:6000/'],
      ['2/tcp', '6000/tcp', '90/tcp'],
    ],
    [['7-7'], ['7/tcp']],
  ])('parseExposePorts() makes keys of %j', (words, expected) => {
    expect(parseExposePorts(words)).toEqual(expected);
  });

  it.each([
    ['80/http', 'invalid port: "80/http": invalid proto: http'],
    ['/tcp', 'invalid port: "/tcp": no port specified: /tcp'],
    ['http', 'invalid containerPort: http'],
    ['70000', 'invalid containerPort: 70000'],
    ['90-80', 'invalid containerPort: 90-80'],
    ['x:80', 'invalid hostPort: x'],
    ['a.b:1:2', 'invalid IP address: a.b'],
    ['1-3:4-5', 'invalid ranges specified for container and host Ports: 4-5 and 1-3'],
  ])('parseExposePorts() refuses %j', (word, message) => {
    expect(() => parseExposePorts([word])).toThrow(refusal(message));
  });
});

describe('signals', () => {
  it.each(['SIGTERM', 'term', '9', 'SIGRTMIN+3', 'RTMAX-14', 'RTMAX'])('parseSignal() takes %s', (text) => {
    expect(parseSignal(text)).toBe(text);
  });

  it.each(['SIGNONE', '0', '', '-9', 'RTMIN+16', '9x'])('parseSignal() refuses %j', (text) => {
    expect(() => parseSignal(text)).toThrow(refusal(`invalid signal: ${text}`));
  });
});

describe('durations', () => {
  it.each([
    ['0', 0],
    ['1h2m3.5s', 3_723_500_000_000],
    ['100ms', 1e8],
    ['1us', 1e3],
    ['.5s', 5e8],
    ['-2s', -2e9],
  ])('parseDuration(%j) is %i ns', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(['', '5', '5x', 's', '1 s', '9999999999h', '+'])('parseDuration() refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(/^time: invalid duration/);
  });
});

describe('paths', () => {
  it.each([
    ['', '.'],
    ['/', '/'],
    ['a//b/./c/', 'a/b/c'],
    ['/a/../../b', '/b'],
    ['../a/../..', '../..'],
  ])('cleanPath(%j) is %j', (path, expected) => {
    expect(cleanPath(path)).toBe(expected);
  });
});

describe('typos', () => {
  it.each([
    ['RUNN', ['RUN', 'USER'], 'RUN'],
    ['bulid', ['base', 'build'], 'build'],
    ['form', ['from', 'chown'], 'from'],
    ['run', ['run', 'rum'], undefined],
    ['x', ['yz', 'y'], undefined],
    ['quite-other', ['build'], undefined],
    ['constructor', [], undefined],
  ])('suggest(%j) of %j is %j', (word, candidates, expected) => {
    expect(suggest(word, candidates)).toBe(expected);
  });
});

it('excerpt() marks the lines that are meant, with two around', () => {
  const text = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join('\r\n');
  expect(excerpt(text, { startLine: 9, endLine: 10 })).toBe(
    [
      '  7 |     line 7',
      '  8 |     line 8',
      '  9 | >>> line 9',
      ' 10 | >>> line 10',
      ' 11 |     line 11',
      ' 12 |     line 12',
    ].join('\n'),
  );
});

it('excerpt() cuts long lines and long ranges', () => {
  const text = `${'x'.repeat(5000)}\n`.repeat(500);
  const shown = excerpt(text, { startLine: 1, endLine: 500 }).split('\n');
  expect(shown.length).toBeLessThan(15);
  expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(200);
});
