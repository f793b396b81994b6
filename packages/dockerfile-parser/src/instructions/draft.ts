import type { Escape } from '../directive.ts';
import { DockerfileError } from '../dockerfile-error.ts';
import type { ParsedFlags } from '../flags.ts';
import type { Heredoc } from '../instruction.ts';
import type { LogicalLine } from '../logical-line.ts';

/** What the parsing of one instruction works on. */
export interface Draft {
  readonly line: LogicalLine;
  readonly escape: Escape;
  readonly flags: ParsedFlags;
  /** The text after keyword and flags. */
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
}

/** An instruction's own fields. */
export type Fields<Instruction> = Omit<Instruction, 'keyword' | 'range' | 'source' | 'comments'>;

export function exactlyOne(keyword: string, rest: string): string {
  if (rest === '') throw new DockerfileError(`${keyword} requires exactly one argument`);
  return rest;
}

export function atLeastOne<T>(keyword: string, items: readonly T[]): readonly T[] {
  if (items.length === 0) throw new DockerfileError(`${keyword} requires at least one argument`);
  return items;
}
