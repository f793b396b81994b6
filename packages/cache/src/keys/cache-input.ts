export interface CacheInput {
  /** For example `parent`, `env.PATH` or `file:src/a.ts`. A name that ends in `/` stands for everything below a directory. */
  readonly name: string;
  /** A digest of the value, never the value. */
  readonly hash: string;
}
