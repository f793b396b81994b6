import type { SourceRange } from '@shale/dockerfile-parser';
import { DockerfileError, expandHeredoc, expandWord, expandWords } from '@shale/dockerfile-parser';

export interface InstructionScopeOptions {
  readonly variables: ReadonlyMap<string, string>;
  readonly escape: '\\' | '`';
  readonly file: string;
  readonly range: SourceRange;
}

/** The variables that one instruction sees, and its place in the Dockerfile, which errors name. */
export interface InstructionScope {
  readonly expand: Expand;
  /** @throws {DockerfileError} with the place of the instruction. */
  fail(message: string, hint?: string): never;
}

/** Expands variables. Errors of the expansion have the place of the instruction. */
export interface Expand {
  word(text: string): string;
  /** For EXPOSE: the expanded text may be several words. */
  words(text: string): readonly string[];
  heredoc(text: string): string;
}

export function instructionScope({ variables, escape, file, range }: InstructionScopeOptions): InstructionScope {
  const lookup = (name: string) => variables.get(name);
  const fail = (message: string, hint?: string): never => {
    throw new DockerfileError(message, { file, range, hint });
  };
  const placed = <T>(expand: () => T): T => {
    try {
      return expand();
    } catch (cause) {
      if (cause instanceof DockerfileError && cause.range === undefined) return fail(cause.message, cause.hint);
      throw cause;
    }
  };
  return {
    expand: {
      word: (text) => placed(() => expandWord(text, lookup, { escape }).text),
      words: (text) => placed(() => expandWords(text, lookup, { escape }).words),
      heredoc: (text) => placed(() => expandHeredoc(text, lookup).text),
    },
    fail,
  };
}
