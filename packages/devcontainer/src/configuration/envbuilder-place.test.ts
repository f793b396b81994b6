import { expect, it } from 'vitest';
import { envbuilderPlace } from './envbuilder-place.ts';

it.each([
  [{}, undefined],
  [{ directory: '', jsonPath: '' }, undefined],
  [{ directory: 'dev' }, { path: '/w/dev/devcontainer.json', directory: '/w/dev' }],
  [{ directory: '/dev' }, { path: '/dev/devcontainer.json', directory: '/dev' }],
  [{ jsonPath: 'go/d.json' }, { path: '/w/.devcontainer/go/d.json', directory: '/w/.devcontainer' }],
  [{ jsonPath: '/x/d.json' }, { path: '/x/d.json', directory: '/w/.devcontainer' }],
  [
    { directory: 'dev', jsonPath: '/x/d.json' },
    { path: '/x/d.json', directory: '/w/dev' },
  ],
])('envbuilderPlace() of %j is %j', (options, place) => {
  expect(envbuilderPlace('/w', options)).toEqual(place);
});
