import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { DOCKERFILE, openPlace } from './place-fixture.ts';

describe('probeWorkspace()', () => {
  it('clones only for itself, and gives the image', async () => {
    await using place = await openPlace();
    const env = { ...DOCKERFILE, ENVBUILDER_GET_CACHED_IMAGE: '1', ENVBUILDER_CACHE_REPO: 'r.example/c' };
    expect(await place.run(env)).toBe('r.example/c@sha256:1');
    expect(await place.run(env)).toBe('r.example/c@sha256:1');
    expect(existsSync(place.at('root/ws'))).toBe(false);
    expect(place.replaced).toEqual([]);
    await expect(place.run({ ...env, ENVBUILDER_DOCKERFILE_PATH: 'no' })).rejects.toThrow(
      'no Dockerfile or devcontainer.json found',
    );
  });
});
