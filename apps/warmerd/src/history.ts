import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { formatPlatform, formatReference, messageOf } from '@shale/core';
import type { WarmResult, WarmStatus } from '@shale/warmer';

export interface RunRecord {
  readonly id: number;
  readonly schedule: string;
  /** What started the run. @see Trigger */
  readonly trigger: string;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly warmed: number;
  readonly unchanged: number;
  readonly stale: number;
  readonly failed: number;
  readonly fetchedBytes: number;
  /** The size of all images at the end of the run. */
  readonly usedBytes: number;
  /** Why parts of the run failed, such as a Dockerfile that cannot be read. */
  readonly error: string | undefined;
}

export interface ImageRecord {
  readonly reference: string;
  readonly platform: string;
  readonly status: WarmStatus;
  readonly digest: string | undefined;
  readonly sizeBytes: number;
  readonly checkedMs: number;
  readonly lastSuccessMs: number | undefined;
  /** When the current digest was first seen. */
  readonly changedMs: number | undefined;
  readonly error: string | undefined;
}

const VERSION = 2;
const SCHEMA = `
  PRAGMA user_version = ${VERSION};
  CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, schedule TEXT NOT NULL, trigger TEXT NOT NULL, startedMs REAL NOT NULL,
    durationMs REAL NOT NULL, warmed INTEGER NOT NULL, unchanged INTEGER NOT NULL, stale INTEGER NOT NULL,
    failed INTEGER NOT NULL, fetchedBytes INTEGER NOT NULL, usedBytes INTEGER NOT NULL, error TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS image (
    reference TEXT NOT NULL, platform TEXT NOT NULL, status TEXT NOT NULL, digest TEXT, sizeBytes INTEGER NOT NULL,
    checkedMs REAL NOT NULL, lastSuccessMs REAL, changedMs REAL, error TEXT, PRIMARY KEY (reference, platform)
  ) STRICT;
`;
const KEPT_RUNS = 5000;

/** The last state of each image and the last runs, in SQLite. */
export class History implements Disposable {
  readonly #database: DatabaseSync;

  /** @param path of the database; `undefined` keeps it in memory */
  constructor(path: string | undefined) {
    if (path !== undefined) mkdirSync(dirname(path), { recursive: true });
    this.#database = new DatabaseSync(path ?? ':memory:');
    this.#database.exec('PRAGMA journal_mode = WAL');
    const version = this.#database.prepare('PRAGMA user_version').get()?.['user_version'];
    // the daemon works without a past, so a file of another version is emptied
    if (version !== VERSION) this.#database.exec(`DROP TABLE IF EXISTS run; DROP TABLE IF EXISTS image; ${SCHEMA}`);
  }

  addRun(run: Omit<RunRecord, 'id'>): void {
    const { schedule, trigger, startedMs, durationMs, warmed, unchanged, stale, failed } = run;
    const { fetchedBytes, usedBytes, error = null } = run;
    const counts = [warmed, unchanged, stale, failed, fetchedBytes, usedBytes];
    this.#database
      .prepare('INSERT INTO run VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(schedule, trigger, startedMs, durationMs, ...counts, error);
    this.#database.prepare('DELETE FROM run WHERE id <= (SELECT MAX(id) FROM run) - ?').run(KEPT_RUNS);
  }

  addResult(result: WarmResult, checkedMs: number = Date.now()): void {
    const { reference, platform, status, digest, sizeBytes, error } = result;
    const isGood = error === undefined;
    this.#database
      .prepare(
        `INSERT INTO image VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET status = excluded.status,
         changedMs = CASE WHEN digest IS excluded.digest THEN changedMs ELSE excluded.changedMs END,
         digest = excluded.digest, sizeBytes = excluded.sizeBytes, checkedMs = excluded.checkedMs,
         lastSuccessMs = COALESCE(excluded.lastSuccessMs, lastSuccessMs), error = excluded.error`,
      )
      .run(
        formatReference(reference),
        platform === undefined ? '' : formatPlatform(platform),
        status,
        digest ?? null,
        sizeBytes,
        checkedMs,
        isGood ? checkedMs : null,
        digest === undefined ? null : checkedMs,
        isGood ? null : messageOf(error),
      );
  }

  /** The last runs, the newest first. */
  runs(limit: number): readonly RunRecord[] {
    return this.#rows<RunRecord>('SELECT * FROM run ORDER BY id DESC LIMIT ?', limit);
  }

  images(): readonly ImageRecord[] {
    return this.#rows<ImageRecord>('SELECT * FROM image ORDER BY reference, platform');
  }

  /** Removes all images but these. */
  keepImages(references: ReadonlySet<string>): void {
    for (const { reference } of this.images()) {
      if (!references.has(reference)) this.#database.prepare('DELETE FROM image WHERE reference = ?').run(reference);
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #rows<Row>(query: string, ...values: readonly number[]): readonly Row[] {
    const rows = this.#database.prepare(query).all(...values);
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value ?? undefined])),
    ) as Row[];
  }
}
