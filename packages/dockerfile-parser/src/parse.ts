import type { Directives } from './directive.ts';
import { parseDirectives } from './directive.ts';
import { DockerfileError } from './dockerfile-error.ts';
import type { ArgInstruction, FromInstruction, Instruction } from './instruction.ts';
import { LineReader, splitLines } from './logical-line.ts';
import { readInstruction } from './parse-instruction.ts';

/** A stage: FROM and what follows it. */
export interface Stage {
  readonly from: FromInstruction;
  /** In lower case; `undefined` without AS. */
  readonly name: string | undefined;
  /** Counts from 0. */
  readonly index: number;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  readonly directives: Directives;
  /** ARGs before the first FROM: only FROM lines see them, unless a stage declares them again. */
  readonly metaArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** Lines where an empty line stands inside a continuation. */
  readonly emptyContinuations: readonly number[];
}

export interface ParseOptions {
  /** For messages. */
  readonly file?: string | undefined;
}

/**
 * @throws {DockerfileError} with the lines of the instruction.
 * @see https://github.com/moby/buildkit/blob/v0.21.0/frontend/dockerfile/docs/reference.md
 * @example
 * const { stages } = parseDockerfile('FROM busybox\nRUN echo hello\n');
 * stages[0].instructions[0].keyword; // 'RUN'
 */
export function parseDockerfile(text: string, { file }: ParseOptions = {}): Dockerfile {
  try {
    return parseText(text);
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    throw new DockerfileError(error.message, { file, range: error.range, hint: error.hint, cause: error.cause });
  }
}

function parseText(text: string): Dockerfile {
  if (text.trim() === '') throw new DockerfileError('the Dockerfile cannot be empty');
  const lines = splitLines(text);
  const directives = parseDirectives(lines);
  const reader = new LineReader(lines, directives.escape);
  const metaArgs: ArgInstruction[] = [];
  const stages: { from: FromInstruction; name: string | undefined; index: number; instructions: Instruction[] }[] = [];
  const emptyContinuations: number[] = [];
  let count = 0;
  for (let line = reader.readInstruction(); line !== undefined; line = reader.readInstruction()) {
    const instruction = readInstruction(line, reader, directives.escape);
    count += 1;
    if (line.hasEmptyContinuation) emptyContinuations.push(line.range.startLine);
    const stage = stages.at(-1);
    if (instruction.keyword === 'FROM') {
      stages.push({ from: instruction, name: instruction.as?.toLowerCase(), index: stages.length, instructions: [] });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') metaArgs.push(instruction);
    else
      throw new DockerfileError('no build stage in current context', {
        range: instruction.range,
        hint: 'Begin with FROM; only ARG may stand before it.',
      });
  }
  if (count === 0) throw new DockerfileError('file with no instructions');
  if (stages.length === 0)
    throw new DockerfileError('dockerfile contains no stages to build', { hint: 'Begin with FROM.' });
  return { directives, metaArgs, stages, emptyContinuations };
}
