import { describe, expect, it } from 'vitest';
import { DockerfileError } from './dockerfile-error.ts';
import { lint } from './lint/lint.ts';
import { parseDockerfile } from './parse.ts';
import { printDockerfile } from './print.ts';

const MIB = 2 ** 20;

function rangeOfFailure(text: string): unknown {
  try {
    parseDockerfile(text);
  } catch (error) {
    if (error instanceof DockerfileError) return error.range;
    throw error;
  }
  throw new Error('parsed');
}

describe('hostile input ends in an error with a place', () => {
  it.each([
    ['a line of 1 MiB', `FROM a\nRUN ${'x'.repeat(MIB)}\n`, { startLine: 2, endLine: 2 }],
    [
      'a here-document that never ends',
      `FROM a\nRUN <<E\n${'x\n'.repeat(MIB / 2)}`,
      { startLine: 2, endLine: MIB / 2 + 2 },
    ],
    ['64,000 here-documents on a line', `FROM a\nRUN ${'<<E '.repeat(16_000)}\n`, { startLine: 2, endLine: 2 }],
    ['an unknown instruction of 60,000 letters', `FROM a\n${'X'.repeat(60_000)} y\n`, { startLine: 2, endLine: 2 }],
    ['60,000 flags', `FROM a\nRUN ${'--mount '.repeat(8000)}\n`, { startLine: 2, endLine: 2 }],
    ['an unclosed quote in a flag', `FROM a\nCOPY --from="${'a '.repeat(30_000)}\n`, { startLine: 2, endLine: 2 }],
    ['nested JSON', `FROM a\nRUN ${'['.repeat(30_000)}${']'.repeat(30_000)}\n`, { startLine: 2, endLine: 2 }],
    ['a NUL', 'FROM a\n\0\n', { startLine: 2, endLine: 2 }],
  ])('%s', (_, text, range) => {
    expect(rangeOfFailure(text)).toEqual(range);
  });
});

describe('large input is read', () => {
  it.each([
    [
      '10,000 stages',
      Array.from({ length: 10_000 }, (_, index) => `FROM a AS s${index}\nCOPY --from=s0 x y\n`).join(''),
    ],
    ['a continuation of 50,000 lines', `FROM a\nRUN x \\\n${'  y \\\n# c\n\n'.repeat(50_000)}  z\n`],
    ['a here-document of 8 MiB', `FROM a\nRUN <<E\n${'0123456789abcde\n'.repeat(MIB / 2)}E\n`],
    ['unclosed quotes', `FROM a\nENV a="${'\\" '.repeat(10_000)}\nCOPY ${"'x ".repeat(10_000)} y\n`],
    [
      'blanks',
      `FROM a\n${' '.repeat(30_000)}RUN x${' '.repeat(500)}\\${' '.repeat(30_000)}\n y\n#${' '.repeat(60_000)}=\n`,
    ],
    ['200,000 comments and empty lines', `${'# c\n\n'.repeat(100_000)}FROM a\n`],
  ])('%s', (_, text) => {
    const dockerfile = parseDockerfile(text);
    expect(lint(dockerfile, { target: 0 })).toBeDefined();
    expect(parseDockerfile(printDockerfile(dockerfile)).stages).toHaveLength(dockerfile.stages.length);
  });
});
