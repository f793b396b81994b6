import { expect, it } from 'vitest';
import { cleanOutputLine, escapeControls, escapeControlsInLines } from './escape.ts';

it('escapeControls() shows what could steer a terminal, and keeps other text', () => {
  expect(escapeControls('a\u001b]0;title\u0007b\nc\u202ed é 日本')).toBe('a\\x1b]0;title\\x07b\\x0ac\\u202ed é 日本');
});

it('escapeControlsInLines() keeps line ends only', () => {
  expect(escapeControlsInLines('a\r\nb\tc\u009b2J')).toBe('a\nb\\x09c\\x9b2J');
});

it('cleanOutputLine() keeps colours where they are wanted and closes them', () => {
  const line = '\u001b[1;31mred\u001b[0m \u001b[2Jwiped \u001b[38:5:1mpale';
  expect(cleanOutputLine(line, { colours: true })).toBe('\u001b[1;31mred\u001b[0m wiped \u001b[38:5:1mpale\u001b[0m');
  expect(cleanOutputLine(line, { colours: false })).toBe('red wiped pale');
});

it('cleanOutputLine() drops titles, cursor moves, cut-off sequences and single controls', () => {
  const hostile = [
    '\u001b]0;owned\u0007',
    '\u001b[5A',
    '\u001bP1$r\u001b\\',
    '\u001b(0',
    '\u0008\u0008',
    '\u009b',
    '\u001b[',
  ];
  for (const sequence of hostile) expect(cleanOutputLine(`a${sequence}`, { colours: true })).toBe('a');
});

it('cleanOutputLine() shows the last state of a line that redraws itself', () => {
  expect(cleanOutputLine(' 10%\r 50%\r100%\r', { colours: false })).toBe('100%');
});
