import { expect, it } from 'vitest';
import { sha256 } from './digest.ts';
import { ConfigInvalidError } from './errors.ts';
import { formatImageConfig, parseImageConfig } from './image-config.ts';
import type { ImageConfig } from './image-config.ts';
import { MAX_CONFIG_BYTES } from './manifest.ts';

const parse = (document: unknown) => parseImageConfig(Buffer.from(JSON.stringify(document)));

const full: ImageConfig = {
  created: '2024-01-02T03:04:05Z',
  author: 'someone',
  architecture: 'arm',
  os: 'linux',
  variant: 'v7',
  'os.version': '10',
  config: {
    User: '1000:1000',
    ExposedPorts: { '80/tcp': {} },
    Env: ['PATH=/bin', 'ODD'],
    Entrypoint: ['/init'],
    Cmd: [],
    Volumes: { '/data': {} },
    WorkingDir: '/srv',
    Labels: { a: 'b' },
    StopSignal: 'SIGTERM',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 30_000_000_000, Retries: 3 },
    OnBuild: ['RUN true'],
    Shell: ['/bin/sh', '-c'],
  },
  rootfs: { type: 'layers', diff_ids: [sha256('a'), sha256('b')] },
  history: [{ created: '2024-01-02T03:04:05Z', created_by: 'RUN x', comment: 'c' }, { empty_layer: true }],
};

it('parseImageConfig() reads back what formatImageConfig() wrote', () => {
  expect(parseImageConfig(formatImageConfig(full))).toEqual(full);
});

it('parseImageConfig() takes what Go writes for nothing', () => {
  const config = { Env: null, Cmd: null, Labels: null, Volumes: null, User: '', Healthcheck: null };
  const rootfs = { type: 'layers', diff_ids: null };
  expect(parse({ architecture: 'amd64', os: 'linux', config, rootfs, history: null, container: 'x' })).toEqual({
    architecture: 'amd64',
    os: 'linux',
    config: { User: '' },
    rootfs: { type: 'layers', diff_ids: [] },
    history: [],
  });
  expect(parse({})).toEqual({
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: [] },
    history: [],
  });
});

it('formatImageConfig() gives equal bytes for equal configs, however they were put together', () => {
  const shuffle = <T extends object>(object: T) => Object.fromEntries(Object.entries(object).toReversed()) as T;
  const labels = { b: '1', a: '2' };
  const [one, two] = [
    { ...full, config: { ...full.config, Labels: labels } },
    shuffle({ ...full, config: shuffle({ ...full.config, Labels: shuffle(labels) }) }),
  ];
  expect(Buffer.from(formatImageConfig(two)).toString()).toBe(Buffer.from(formatImageConfig(one)).toString());
});

it.each([
  [[], 'image config must be an object, not an array'],
  [{ config: [] }, 'config must be an object, not an array'],
  [{ config: { Env: 'A=b' } }, 'config.Env must be an array'],
  [{ config: { Env: [1] } }, 'config.Env[0] must be a string'],
  [{ config: { Labels: { a: 1 } } }, 'config.Labels.a must be a string'],
  [{ config: { Healthcheck: { Interval: 1.5 } } }, 'config.Healthcheck.Interval must be an integer'],
  [{ rootfs: { diff_ids: {} } }, 'rootfs.diff_ids must be an array'],
  [{ history: [null] }, 'history[0] must be an object'],
  [{ history: [{ empty_layer: 'yes' }] }, 'history[0].empty_layer must be true or false'],
])('parseImageConfig() refuses %j', (document, message) => {
  expect(() => parse(document)).toThrow(ConfigInvalidError);
  expect(() => parse(document)).toThrow(message);
});

it('parseImageConfig() refuses a config that is too large', () => {
  expect(() => parseImageConfig(Buffer.alloc(MAX_CONFIG_BYTES + 1, ' '))).toThrow('larger than');
});

it('parseImageConfig() keeps a label named __proto__', () => {
  const config = parseImageConfig(Buffer.from('{"config":{"Labels":{"__proto__":"x"}}}'));
  expect(Object.entries(config.config.Labels ?? {})).toEqual([['__proto__', 'x']]);
  expect(Buffer.from(formatImageConfig(config)).toString()).toContain('"Labels":{"__proto__":"x"}');
});
