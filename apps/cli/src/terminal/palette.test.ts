import { expect, it } from 'vitest';
import { palette } from './palette.ts';

it('palette() has colours on a terminal only, and obeys NO_COLOR and FORCE_COLOR', () => {
  const terminal = { isTTY: true };
  expect(palette(terminal, {}).good('x')).toBe('\u001b[32mx\u001b[39m');
  expect(palette(terminal, { NO_COLOR: '1' }).good('x')).toBe('x');
  expect(palette(terminal, { NO_COLOR: '' }).enabled).toBe(true);
  expect(palette(terminal, { TERM: 'dumb' }).enabled).toBe(false);
  expect(palette({}, {}).enabled).toBe(false);
  expect(palette({}, { FORCE_COLOR: '1' }).enabled).toBe(true);
});
