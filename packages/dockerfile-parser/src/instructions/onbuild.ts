import { DockerfileError } from '../dockerfile-error.ts';
import type { Instruction, OnbuildInstruction } from '../instruction.ts';
import { type LogicalLine, LineReader, splitLines } from '../logical-line.ts';
import { splitFirst } from '../words.ts';
import type { Draft, Fields } from './draft.ts';

/** Parses the line of a trigger, and reads its here-documents from `reader`. */
export type ParseTrigger = (line: LogicalLine, reader: LineReader) => Instruction;

const HINT =
  'Write one instruction that works in the stage of whoever builds on this image, as in ONBUILD COPY . /app.';

export function parseOnbuild(draft: Draft, parseTrigger: ParseTrigger): Fields<OnbuildInstruction> {
  const { line, rest, escape, heredocs } = draft;
  const nested = splitFirst(rest)[0].toUpperCase();
  if (nested === '') throw new DockerfileError('ONBUILD requires at least one argument', { hint: HINT });
  if (nested === 'ONBUILD')
    throw new DockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", { hint: HINT });
  if (nested === 'MAINTAINER' || nested === 'FROM')
    throw new DockerfileError(`${nested} isn't allowed as an ONBUILD trigger`, { hint: HINT });
  const bodies = heredocs.map(({ name, content }) => `\n${content}${name}`).join('');
  const reader = new LineReader(splitLines(bodies.slice(1)), escape);
  return { trigger: rest + bodies, instruction: parseTrigger({ ...line, text: rest, comments: [] }, reader) };
}
