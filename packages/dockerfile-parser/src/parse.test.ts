import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { detectSyntax } from './directive.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { parseDockerfile } from './parse.ts';
import { parseInstruction } from './parse-instruction.ts';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const negative = fileURLToPath(new URL('../fixtures-negative/', import.meta.url));
const read = (folder: string, name: string) => readFileSync(`${folder}${name}/Dockerfile`, 'utf8');

describe('golden folders', () => {
  it.each(readdirSync(fixtures))('parseDockerfile() reads %s', async (name) => {
    const dockerfile = parseDockerfile(read(fixtures, name));
    await expect(`${JSON.stringify(dockerfile, null, 2)}\n`).toMatchFileSnapshot(`${fixtures}${name}/ast.json`);
  });

  it.each(readdirSync(negative))('parseDockerfile() refuses %s', async (name) => {
    await expect(describeFailure(read(negative, name))).toMatchFileSnapshot(`${negative}${name}/error.txt`);
  });
});

function describeFailure(text: string): string {
  const error = failureOf(() => parseDockerfile(text, { file: 'Dockerfile' }));
  const lines = [error.message, `hint: ${error.hint ?? '-'}`, error.excerpt ?? '-'];
  return `${lines.join('\n')}\n`;
}

function failureOf(parse: () => unknown): DockerfileError {
  try {
    parse();
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error('parsed');
}

it('parseDockerfile() says file, code and lines of what is wrong', () => {
  const error = failureOf(() => parseDockerfile('FROM a\nCOPY \\\n  x\n', { file: 'docker/Dockerfile' }));
  expect(error).toMatchObject({
    code: 'DOCKERFILE_INVALID',
    file: 'docker/Dockerfile',
    range: { startLine: 2, endLine: 3 },
  });
});

it('parseDockerfile() counts here-document bodies into the range of an instruction and of its stage', () => {
  const { stages } = parseDockerfile('FROM a\n\nRUN <<EOF\n1\nEOF\n\nFROM b\n');
  expect(stages.map(({ range }) => range)).toEqual([
    { startLine: 1, endLine: 5 },
    { startLine: 7, endLine: 7 },
  ]);
  expect(stages[0]?.instructions[0]?.range).toEqual({ startLine: 3, endLine: 5 });
});

it('parseDockerfile() warns of an empty line in a continuation, and builds on', () => {
  const { warnings } = parseDockerfile('FROM a\nRUN x \\\n\n  y\n');
  expect(warnings).toEqual([{ type: 'empty-continuation', range: { startLine: 4, endLine: 4 } }]);
});

it('parseDockerfile() takes a line of 65535 bytes, and no longer one', () => {
  const line = (bytes: number) => `FROM a\nRUN ${'x'.repeat(bytes - 4)}\n`;
  expect(parseDockerfile(line(65_535)).stages).toHaveLength(1);
  for (const text of [
    line(65_536),
    `FROM a\nRUN ${'é'.repeat(32_766)}\n`,
    `FROM a\nRUN <<E\n${'x'.repeat(70_000)}\nE\n`,
  ])
    expect(failureOf(() => parseDockerfile(text)).message).toMatch(
      /^dockerfile parse error on line [23]: dockerfile line greater than max allowed size of 65535$/,
    );
});

it.each([
  ['RUN make', { keyword: 'RUN', command: { form: 'shell', text: 'make' } }],
  ['COPY <<EOF /x\nbody\nEOF', { keyword: 'COPY', heredocs: [{ name: 'EOF', content: 'body\n' }] }],
])('parseInstruction() reads the trigger %j', (text, expected) => {
  expect(parseInstruction(text)).toMatchObject(expected);
});

it('parseInstruction() reads back what ONBUILD stores', () => {
  const text = 'ONBUILD RUN cat <<A <<-B\na\nA\nb\nB\n';
  const [onbuild] = parseDockerfile(`FROM x\n${text}`).stages[0]?.instructions ?? [];
  if (onbuild?.keyword !== 'ONBUILD') throw new Error('no ONBUILD');
  expect(onbuild.trigger).toBe('RUN cat <<A <<-B\na\nA\nb\nB');
  expect(parseInstruction(onbuild.trigger)).toMatchObject({ command: { text: 'cat <<A <<-B' } });
});

it.each([
  ['# syntax=docker/dockerfile:1\nFROM a', 'docker/dockerfile:1'],
  ['#!/bin/x\n// escape=`\n//syntax = a/b:2 more', 'a/b:2'],
  ['{"syntax": "a/b:3", "x": []}', 'a/b:3'],
  ['\uFEFF# syntax=a', 'a'],
  ['# comment\n# syntax=a\nFROM b', undefined],
  ['{broken', undefined],
  ['', undefined],
])('detectSyntax() finds the frontend of %j', (text, expected) => {
  expect(detectSyntax(text)).toBe(expected);
});
