import { expect, it } from 'vitest';
import { liveRegion } from './live-region.ts';

function region(columns = 20) {
  const writes: string[] = [];
  const size = { columns, rows: 10 };
  return {
    writes,
    size,
    region: liveRegion(
      (text) => writes.push(text),
      () => size,
    ),
  };
}

it('liveRegion() writes each frame at once, over the former one', () => {
  const { writes, region: live } = region();
  live.draw([], ['one', 'two']);
  live.draw(['done'], ['three']);
  expect(writes).toEqual([
    '\u001b[?2026h\u001b[?25l\rone\u001b[K\ntwo\u001b[K\n\u001b[J\u001b[?2026l',
    '\u001b[?2026h\r\u001b[2Adone\u001b[K\nthree\u001b[K\n\u001b[J\u001b[?2026l',
  ]);
});

it('liveRegion() counts the rows of lines that a narrower terminal has wrapped', () => {
  const { writes, size, region: live } = region(20);
  live.draw([], ['x'.repeat(20), 'y']);
  size.columns = 8;
  live.draw([], []);
  expect(writes.at(-1)).toContain('\u001b[4A');
});

it('liveRegion() gives the cursor back once', () => {
  const { writes, region: live } = region();
  live.close();
  expect(writes).toEqual([]);
  live.draw([], ['one']);
  live.close();
  live.close();
  expect(writes.filter((text) => text === '\u001b[?25h')).toHaveLength(1);
});
