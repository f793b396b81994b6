/** Lines of the Dockerfile, counted from 1, both ends included: an instruction with its continuations and heredocs. */
export interface SourceRange {
  readonly startLine: number;
  readonly endLine: number;
}
