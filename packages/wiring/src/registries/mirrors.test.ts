import { expect, it } from 'vitest';
import { parseMirrors } from './mirrors.ts';

it('parseMirrors() is for docker.io unless another registry is named', () => {
  expect(parseMirrors(['https://a.example', 'quay.io=http://b.example:5000/q', 'index.docker.io=c.example'])).toEqual({
    'docker.io': ['https://a.example', 'c.example'],
    'quay.io': ['http://b.example:5000/q'],
  });
});
