/** A feature of the Dockerfile language, and whether shale supports it. */
export interface SupportRow {
  /** As a user would look for it. */
  readonly feature: string;
  readonly done: boolean;
  readonly note: string;
  /** Its proof: names of conformance cases, and paths of tests. */
  readonly proof: readonly string[];
}

export interface SupportSection {
  readonly title: string;
  readonly rows: readonly SupportRow[];
}

/** A supported feature. Blanks separate the words in `cases`. */
export function done(feature: string, note: string, cases: string): SupportRow {
  return { feature, done: true, note, proof: cases.trim().split(/\s+/) };
}

export function open(feature: string, note: string): SupportRow {
  return { feature, done: false, note, proof: [] };
}
