import type { Directives } from './directive.ts';
import { parseDirectives } from './directive.ts';
import { DockerfileError, excerpt } from './dockerfile-error.ts';
import type { ArgInstruction, FromInstruction, Instruction } from './instruction.ts';
import { LineReader, splitLines } from './logical-line.ts';
import { readInstruction } from './parse-instruction.ts';
import type { SourceRange } from './position.ts';

/** A stage: FROM and the instructions that follow it. */
export interface Stage {
  readonly from: FromInstruction;
  /** The name in lower case. `undefined` without AS. */
  readonly name: string | undefined;
  /** The number of the stage, from 0. */
  readonly index: number;
  readonly instructions: readonly Instruction[];
  /** The lines from FROM to the end of the last instruction. */
  readonly range: SourceRange;
}

/** A problem that does not stop a build, and that the instructions do not show. */
export interface ParseWarning {
  readonly type: 'empty-continuation';
  /** The last line of the instruction with the empty line. */
  readonly range: SourceRange;
}

export interface Dockerfile {
  readonly directives: Directives;
  /** The ARGs before the first FROM. Only FROM lines see them, unless a stage declares them again. */
  readonly metaArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  readonly warnings: readonly ParseWarning[];
}

export interface ParseOptions {
  /** The path that messages show. */
  readonly file?: string | undefined;
}

/**
 * Reads a Dockerfile as BuildKit's frontend does.
 * @throws {DockerfileError} with the lines of the instruction, an excerpt and a hint.
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
    const { message, range, hint, cause } = error;
    const lines = range === undefined ? undefined : excerpt(text, range);
    throw new DockerfileError(message, { file, range, hint, cause, excerpt: lines });
  }
}

function parseText(text: string): Dockerfile {
  if (text === '') throw new DockerfileError('the Dockerfile cannot be empty', { hint: 'Begin with FROM.' });
  const lines = splitLines(text);
  const { directives, lineCount } = parseDirectives(lines);
  const reader = new LineReader(lines, directives.escape, lineCount);
  const instructions: Instruction[] = [];
  const warnings: ParseWarning[] = [];
  for (let line = reader.readInstruction(); line !== undefined; line = reader.readInstruction()) {
    const { endLine } = line.range;
    if (line.hasEmptyContinuation)
      warnings.push({ type: 'empty-continuation', range: { startLine: endLine, endLine } });
    instructions.push(readInstruction(line, reader, directives.escape));
  }
  if (instructions.length === 0) {
    const range = { startLine: 1, endLine: 1 };
    throw new DockerfileError('file with no instructions', { range, hint: 'Begin with FROM.' });
  }
  return { directives, ...groupByStage(instructions), warnings };
}

function groupByStage(instructions: readonly Instruction[]): Pick<Dockerfile, 'metaArgs' | 'stages'> {
  const metaArgs: ArgInstruction[] = [];
  const groups: { from: FromInstruction; instructions: Instruction[] }[] = [];
  for (const instruction of instructions) {
    const group = groups.at(-1);
    if (instruction.keyword === 'FROM') groups.push({ from: instruction, instructions: [] });
    else if (group !== undefined) group.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') metaArgs.push(instruction);
    else {
      throw new DockerfileError(
        `dockerfile parse error on line ${instruction.range.startLine}: no build stage in current context`,
        {
          range: instruction.range,
          hint: 'Begin with FROM; only ARG may stand before it.',
        },
      );
    }
  }
  if (groups.length === 0)
    throw new DockerfileError('dockerfile contains no stages to build', {
      range: metaArgs.at(-1)?.range,
      hint: 'Add FROM: every stage begins with one.',
    });
  const stages = groups.map(({ from, instructions: own }, index) => ({
    from,
    name: from.as?.toLowerCase(),
    index,
    instructions: own,
    range: { startLine: from.range.startLine, endLine: (own.at(-1) ?? from).range.endLine },
  }));
  return { metaArgs, stages };
}
