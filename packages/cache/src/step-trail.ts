import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { asArray, asObject, asString, digestHex, parseDigest, parseJson, sha256, StoreInvalidError } from '@shale/core';
import type { CacheInput } from './cache-backend.ts';
import type { CacheKey } from './cache-key.ts';
import { encodeKeyValue } from './key-value.ts';
import { FORMAT_DIRECTORY } from './record-file.ts';

/** A step as users know it, however its content changes: where it stands. */
export interface StepIdentity {
  /** Path or name of the Dockerfile; with the project in it where several share a cache. */
  readonly dockerfile: string;
  readonly stage: string;
  /** Of the instruction in its stage. */
  readonly index: number;
}

/** What a step's key was made of at an earlier time. */
export interface TrailEntry {
  readonly key: CacheKey;
  readonly built: Date;
  readonly inputs: readonly CacheInput[];
}

/** The last few keys of each step: what `explain` compares a miss with, also when the entries themselves are gone. */
export interface StepTrails {
  /** Newest first. */
  read(step: StepIdentity): readonly TrailEntry[];
  /** Call it for each step of a build that is done, hit or not. Where nothing can be written, nothing is remembered. */
  append(step: StepIdentity, entry: TrailEntry): void;
}

export const TRAIL_DIRECTORY = 'trails';
const VERSION = 1;
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/**
 * Trails below the root of a directory cache, `<root>/v1/trails/<hash of the step>`, compressed.
 * @param keep Keys remembered for each step.
 */
export function stepTrails(root: string, { keep = 4 }: { readonly keep?: number | undefined } = {}): StepTrails {
  const pathOf = ({ dockerfile, stage, index }: StepIdentity) => {
    const hash = digestHex(sha256(encodeKeyValue(['step-v1', dockerfile, stage, String(index)])));
    return join(root, FORMAT_DIRECTORY, TRAIL_DIRECTORY, hash);
  };
  const read = (path: string): readonly TrailEntry[] => {
    try {
      return parseTrail(readFileSync(path));
    } catch {
      return []; // none yet, or damaged: explanations are an extra
    }
  };
  return {
    read: (step) => read(pathOf(step)),
    append(step, entry) {
      const path = pathOf(step);
      const earlier = read(path);
      if (earlier[0]?.key === entry.key) return;
      const entries = [entry, ...earlier.filter(({ key }) => key !== entry.key)].slice(0, keep);
      replaceFile(path, formatTrail(entries));
    },
  };
}

function formatTrail(entries: readonly TrailEntry[]): Buffer {
  const list = entries.map(({ key, built, inputs }) => ({
    key,
    built: built.toISOString(),
    inputs: inputs.map(({ name, hash }) => [name, hash]),
  }));
  return gzipSync(JSON.stringify({ version: VERSION, entries: list }), { level: 1 });
}

function parseTrail(content: Buffer): readonly TrailEntry[] {
  const fail = (message: string) => new StoreInvalidError(`The trail of a step: ${message}`);
  if (content.byteLength > MAX_FILE_BYTES) throw fail('it is too large');
  const text = gunzipSync(content, { maxOutputLength: MAX_TEXT_BYTES });
  const document = asObject(parseJson(text, 'the file', fail), 'the file', fail);
  if (document['version'] !== VERSION) throw fail(`its version is not ${VERSION}`);
  return asArray(document['entries'], 'entries', fail).map((item) => {
    const entry = asObject(item, 'entries', fail);
    return {
      key: parseDigest(asString(entry['key'], 'key', fail)),
      built: new Date(asString(entry['built'], 'built', fail)),
      inputs: asArray(entry['inputs'], 'inputs', fail).map((pair) => {
        const [name, hash] = asArray(pair, 'inputs', fail);
        return { name: asString(name, 'inputs', fail), hash: asString(hash, 'inputs', fail) };
      }),
    };
  });
}

/** Not flushed: a trail that a power cut takes is no loss. */
function replaceFile(path: string, content: Buffer): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, content, { flag: 'wx' });
    renameSync(temporary, path);
  } catch {
    removeQuietly(temporary); // read-only or full: explanations are an extra
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it was never there
  }
}
