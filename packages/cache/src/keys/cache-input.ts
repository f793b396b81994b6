export interface CacheInput {
  /** As `parent`, `env.PATH`, `file:src/a.ts`; with `/` at its end everything below a directory, folded into one. */
  readonly name: string;
  /** A digest of the value, never the value. */
  readonly hash: string;
}
