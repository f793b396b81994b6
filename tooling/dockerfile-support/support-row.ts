/** One thing that a Dockerfile may say, and whether shale does it. */
export interface SupportRow {
  /** As a user would look for it. */
  readonly feature: string;
  readonly done: boolean;
  readonly note: string;
  /** What proves it: names of conformance cases, and paths of tests. */
  readonly proof: readonly string[];
}

export interface SupportSection {
  readonly title: string;
  readonly rows: readonly SupportRow[];
}

/** A row that is done; words in `cases` are parted by blanks. */
export function done(feature: string, note: string, cases: string): SupportRow {
  return { feature, done: true, note, proof: cases.trim().split(/\s+/) };
}

export function open(feature: string, note: string): SupportRow {
  return { feature, done: false, note, proof: [] };
}
