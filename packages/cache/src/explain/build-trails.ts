import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, lutimesSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { digestHex, parseDigest, sha256, StoreInvalidError } from '@shale/core';
import { readRegularFileSync } from '@shale/core/files';
import { asArray, asInteger, asObject, asString, asStringMap, parseJson } from '@shale/core/json';
import type { StepIdentity } from '../contract/cache-backend.ts';
import type { CacheInput } from '../keys/cache-input.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import { encodeKeyValue } from '../keys/key-value.ts';
import { FORMAT_DIRECTORY } from '../directory/record-path.ts';

/** The inputs of a step's key. */
export interface TrailStep {
  readonly step: StepIdentity;
  /** The instruction as written. */
  readonly name: string;
  readonly key: CacheKey;
  readonly inputs: readonly CacheInput[];
  /** The values of some inputs by their names. Only the owner of the directory can read them. */
  values(): Readonly<Record<string, string>>;
}

/** The inputs of an earlier key of a step. */
export interface TrailEntry extends Omit<TrailStep, 'values'> {
  readonly built: Date;
  readonly values: Readonly<Record<string, string>>;
}

/** What is known of the last build. */
export interface LastBuild {
  readonly build: string;
  readonly ended: Date;
  /** The note that `append` was given. */
  readonly note: string;
}

/**
 * Remembers the last few keys of each step of each build. `explain` compares a miss with them, also when the entries
 * themselves were removed. A build is identified by a name that stays the same, such as the path of its Dockerfile.
 */
export interface BuildTrails {
  /** The earlier keys of all steps, newest first. */
  read(build: string): readonly TrailEntry[];
  /**
   * Records the steps that have results at the end of a build, with a note of the caller's. A build with the same keys as the
   * last one only updates a time. Where nothing can be written, nothing is recorded.
   */
  append(build: string, steps: readonly TrailStep[], note: string): void;
  /** The last run of this build, or of any build. */
  last(build?: string): LastBuild | undefined;
}

export const TRAIL_DIRECTORY = 'trails';
export const LAST_FILE = 'last';
const VERSION = 1;
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
/** A longer value is not recorded: it would not help in an explanation. */
const MAX_VALUE_LENGTH = 1024;
const DIGEST_LENGTH = 64;
/** Compressing a smaller file takes longer than it saves. */
const SMALL_BYTES = 16 * 1024;
const GZIP_MAGIC = 0x1f;

/**
 * Trails below the root of a directory cache: `<root>/v1/trails/<hash of the build>/<hash of the step>`.
 * @param keep The number of keys that are remembered for each step.
 */
export function buildTrails(root: string, { keep = 4 }: { readonly keep?: number | undefined } = {}): BuildTrails {
  const top = join(root, FORMAT_DIRECTORY, TRAIL_DIRECTORY);
  const directoryOf = (build: string) => join(top, digestHex(sha256(build)));
  return {
    read(build) {
      const directory = directoryOf(build);
      const names = listNames(directory).filter((name) => name !== LAST_FILE && !name.endsWith('.tmp'));
      const entries = names.flatMap((name) => readTrail(join(directory, name)));
      return entries.sort((a, b) => b.built.getTime() - a.built.getTime());
    },
    append(build, steps, note) {
      const directory = directoryOf(build);
      const last = join(directory, LAST_FILE);
      const content = formatLast(build, steps, note);
      if (touchIfSame(last, content) || !makeDirectories(root, directory)) return;
      const built = new Date();
      for (const step of steps) appendStep(join(directory, stepHash(step.step)), step, { built, keep });
      replaceFile(last, Buffer.from(content));
    },
    last(build) {
      if (build !== undefined) return readLast(join(directoryOf(build), LAST_FILE));
      const found = listNames(top).flatMap((name) => readLast(join(top, name, LAST_FILE)) ?? []);
      return found.reduce<LastBuild | undefined>((a, b) => (a === undefined || a.ended < b.ended ? b : a), undefined);
    },
  };
}

const stepHash = ({ stage, index }: StepIdentity) =>
  digestHex(sha256(encodeKeyValue(['step-v2', stage, String(index)])));

function appendStep(path: string, step: TrailStep, { built, keep }: { readonly built: Date; readonly keep: number }) {
  const earlier = readTrail(path);
  if (earlier[0]?.key === step.key) return;
  const entry = { ...step, values: step.values(), built };
  const entries = [entry, ...earlier.filter(({ key }) => key !== step.key)].slice(0, keep);
  replaceFile(path, formatTrail(entries));
}

/** @returns `false` where they cannot be made, or one of them is a symlink. Then nothing is recorded. */
function makeDirectories(root: string, directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (let path = directory; path !== root; path = dirname(path)) if (!lstatSync(path).isDirectory()) return false;
    return true;
  } catch {
    return false;
  }
}

/** @throws when the file is missing, not regular, or too large. */
function readTrailFile(path: string): Buffer {
  const content = readRegularFileSync(path, { maxBytes: MAX_FILE_BYTES });
  if (content === undefined) throw new StoreInvalidError(`${path} is not there`);
  return content;
}

function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** A line that changes with the keys and the note, then the document that `readLast` reads. */
function formatLast(build: string, steps: readonly TrailStep[], note: string): string {
  const hash = createHash('sha256');
  for (const { key } of steps) hash.update(key);
  return `${hash.update(note).digest('hex')}\n${JSON.stringify({ version: VERSION, build, note })}`;
}

function touchIfSame(path: string, content: string): boolean {
  try {
    const before = readTrailFile(path).toString('latin1');
    if (!before.startsWith(content.slice(0, DIGEST_LENGTH + 1))) return false;
    const now = new Date();
    lutimesSync(path, now, now);
    return true;
  } catch {
    return false;
  }
}

function readLast(path: string): LastBuild | undefined {
  const fail = (message: string) => new StoreInvalidError(message);
  try {
    const text = readTrailFile(path).subarray(DIGEST_LENGTH + 1);
    const document = asObject(parseJson(text, 'the file', fail), 'the file', fail);
    if (document['version'] !== VERSION) return undefined;
    const [build, note] = [asString(document['build'], 'build', fail), asString(document['note'], 'note', fail)];
    return { build, note, ended: lstatSync(path).mtime };
  } catch {
    return undefined; // missing or damaged: a build does not depend on explanations
  }
}

function readTrail(path: string): readonly TrailEntry[] {
  try {
    return parseTrail(readTrailFile(path));
  } catch {
    return [];
  }
}

function formatTrail(entries: readonly TrailEntry[]): Buffer {
  const list = entries.map(({ step, name, key, built, inputs, values }) => ({
    ...step,
    name,
    key,
    built: built.toISOString(),
    inputs: inputs.map((input) => [input.name, input.hash]),
    values: Object.fromEntries(Object.entries(values).filter(([, value]) => value.length <= MAX_VALUE_LENGTH)),
  }));
  const text = Buffer.from(JSON.stringify({ version: VERSION, entries: list }));
  return text.byteLength < SMALL_BYTES ? text : gzipSync(text, { level: 1 });
}

function parseTrail(content: Buffer): readonly TrailEntry[] {
  const fail = (message: string) => new StoreInvalidError(`The trail of a step: ${message}`);
  const text = content[0] === GZIP_MAGIC ? gunzipSync(content, { maxOutputLength: MAX_TEXT_BYTES }) : content;
  const document = asObject(parseJson(text, 'the file', fail), 'the file', fail);
  if (document['version'] !== VERSION) throw fail(`its version is not ${VERSION}`);
  return asArray(document['entries'], 'entries', fail).map((item) => {
    const entry = asObject(item, 'entries', fail);
    return {
      step: { stage: asString(entry['stage'], 'stage', fail), index: asInteger(entry['index'], 'index', fail) },
      name: asString(entry['name'], 'name', fail),
      values: asStringMap(entry['values'], 'values', fail),
      key: parseDigest(asString(entry['key'], 'key', fail)),
      built: new Date(asString(entry['built'], 'built', fail)),
      inputs: asArray(entry['inputs'], 'inputs', fail).map((pair) => {
        const [name, hash] = asArray(pair, 'inputs', fail);
        return { name: asString(name, 'inputs', fail), hash: asString(hash, 'inputs', fail) };
      }),
    };
  });
}

/** Does not flush: losing a trail in a power cut does no harm. */
function replaceFile(path: string, content: Buffer): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    removeQuietly(temporary); // read-only or full: a build does not depend on explanations
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it was never written
  }
}
