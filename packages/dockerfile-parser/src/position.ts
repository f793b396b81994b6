/** The lines of an instruction with its continuations and heredocs, counted from 1, both ends included. */
export interface SourceRange {
  readonly startLine: number;
  readonly endLine: number;
}
