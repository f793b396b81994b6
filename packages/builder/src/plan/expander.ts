import type { SourceRange } from '@shale/dockerfile-parser';
import { DockerfileError, expandHeredoc, expandWord, expandWords } from '@shale/dockerfile-parser';

export interface ExpanderOptions {
  readonly variables: ReadonlyMap<string, string>;
  readonly escape: '\\' | '`';
  readonly file: string;
  readonly range: SourceRange;
}

/** Expands the variables of one instruction; its errors say where it stands. */
export interface Expander {
  word(text: string): string;
  /** For EXPOSE: the expanded text may be several words. */
  words(text: string): readonly string[];
  heredoc(text: string): string;
  error(message: string, hint?: string): DockerfileError;
}

export function createExpander({ variables, escape, file, range }: ExpanderOptions): Expander {
  const lookup = (name: string) => variables.get(name);
  const error = (message: string, hint?: string) => new DockerfileError(message, { file, range, hint });
  const placed = <T>(expand: () => T): T => {
    try {
      return expand();
    } catch (cause) {
      throw cause instanceof DockerfileError && cause.range === undefined ? error(cause.message, cause.hint) : cause;
    }
  };
  return {
    word: (text) => placed(() => expandWord(text, lookup, { escape }).text),
    words: (text) => placed(() => expandWords(text, lookup, { escape }).words),
    heredoc: (text) => placed(() => expandHeredoc(text, lookup).text),
    error,
  };
}
