import { expect, it, vi } from 'vitest';
import { stateDirectory } from './state-directory.ts';

it('stateDirectory() is where it was asked to be, else the place of root or of the user', () => {
  const place = { env: { HOME: '/home/me' }, cwd: '/work' };
  expect(stateDirectory('state', place)).toBe('/work/state');
  const getuid = vi.spyOn(process, 'getuid');
  getuid.mockReturnValue(0);
  expect(stateDirectory(undefined, place)).toBe('/var/lib/shale');
  getuid.mockReturnValue(1000);
  expect(stateDirectory(undefined, place)).toBe('/home/me/.local/share/shale');
  expect(stateDirectory(undefined, { ...place, env: { XDG_DATA_HOME: '/data' } })).toBe('/data/shale');
});
