import { expect, it } from 'vitest';
import { mirrorsByRegistry } from './open-registry-client.ts';

it('mirrorsByRegistry() is for docker.io unless another registry is named', () => {
  expect(
    mirrorsByRegistry(['https://a.example', 'quay.io=http://b.example:5000/q', 'index.docker.io=c.example']),
  ).toEqual({
    'docker.io': ['https://a.example', 'c.example'],
    'quay.io': ['http://b.example:5000/q'],
  });
});
